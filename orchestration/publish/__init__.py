"""From a finished warehouse to what others read.

Belongs here: the read-only publication (marts file, Parquet, page), swapped in whole.
Does not belong here: building marts (dbt), what the page shows (report), scheduling (defs).
May import: `orchestration.report`, `orchestration.errors`, DuckDB; never Dagster.
"""
