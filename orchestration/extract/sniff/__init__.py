"""Looks at the head of an export and drafts its source file.

The draft says what was seen, never what was merely hoped: a doubtful guess carries a comment, a date
that could be read in two ways is left to the person, and no value leaves the export unless it is one
word of a short, repeated list that a value map needs.

Belongs here: opening a file's head, and guessing its form, dates, columns, entity and fields from it.
Does not belong here: landing (`landing`), judging a finished source file (`source_check`).
May import: the modules of `orchestration.extract`, DuckDB, PyYAML, charset-normalizer; no Dagster, no dbt.
"""
