"""Export files become the raw zone.

Belongs here: finding files, reading and validating rows, hashing, quarantine, the manifest, raw views.
Does not belong here: what a source file says (`sources`), what rows mean for the centre (dbt), Dagster.
May import: `base`, `errors`, `settings`, `sources`, DuckDB, PyArrow and small libraries.
"""
