"""Export files become relations of untyped rows.

Belongs here: delimited text, JSON, Parquet and Excel as DuckDB relations; damage, and files without rows.
Does not belong here: types, mappings and hashes of values (`plan`, `people`), parts and quarantine.
May import: `base`, `sources`, `landing.people`, what opens a file in `landing`, DuckDB and PyArrow.
"""
