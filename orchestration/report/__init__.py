"""Belongs here: the one page a person opens, read from the published marts.
Does not belong here: computing measures or verdicts (dbt, expectations), copying files (publish).
May import: `orchestration.errors`, DuckDB, Jinja2, Altair, vl-convert; never Dagster."""
