"""Belongs here: turning a finished warehouse into a read-only publication, swapped in whole.
Does not belong here: building marts (dbt), what the page shows (report), scheduling (defs).
May import: `orchestration.report`, `orchestration.errors`, DuckDB; never Dagster."""
