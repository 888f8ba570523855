"""What every other package imports.

Belongs here: what several packages need and what knows none of them, such as opening DuckDB.
Does not belong here: anything about exports, models, marts or pages.
May import: duckdb and the standard library; no other package of the project.
"""
