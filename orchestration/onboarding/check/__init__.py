"""Checks source files against the exports, before a run reads them.

Belongs here: what `sources check` samples, finds and says, with the line of the source file.
Does not belong here: guessing what an export holds, and landing itself.
May import: `base`, `sources`, `landing`, the modules of `onboarding`, DuckDB, PyYAML, Rich.
"""
