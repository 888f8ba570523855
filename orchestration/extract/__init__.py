"""Extraction: vendors' export files become the raw zone.

Belongs here: source files, reading, validating, hashing, quarantine, the manifest, raw views.
Does not belong here: Dagster, dbt, any rule about what the data means.
May import: duckdb, pyarrow and small libraries; no Dagster, no dbt, no Great Expectations.
"""
