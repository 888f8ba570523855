"""Measurements, run by hand with `make bench`: never part of the tests.

Belongs here: seconds and memory as figures and as ratios against a peer measured in the same run.
Does not belong here: assertions.
May import: anything.
"""
