"""The one page a person opens.

Belongs here: reading published marts and showing them, the heatmap chart, the page's template.
Does not belong here: computing metrics or verdicts (dbt, expectations), copying files (publish).
May import: DuckDB, Jinja2, Altair, vl-convert; never Dagster.
"""
