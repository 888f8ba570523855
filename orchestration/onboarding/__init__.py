"""Drafts a source file from the head of an export, and checks one before a run.

The draft says what was seen, never what was merely hoped: a doubtful guess carries a comment, a date
that could be read in two ways is left to the person, and no value leaves the export unless it is one
word of a short, repeated list that a value map needs.

Belongs here: guessing form, dates, columns, entity and fields of an export.
Does not belong here: landing itself, and what `sources check` says (`check`).
May import: `base`, `sources`, `landing`, DuckDB, PyYAML, charset-normalizer; no Dagster, no dbt.
"""
