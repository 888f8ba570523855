"""What an export is.

Belongs here: the source contract, connectors of vendors, source files, their expressions, raw tables.
Does not belong here: opening an export file, or what its values become.
May import: `base`, `errors`, `settings`, DuckDB for parsing expressions, pydantic and PyYAML.
"""
