"""Tests of what is known of vendors' exports: one file per connector, one test per trap of its format."""
