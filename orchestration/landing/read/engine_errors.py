"""What DuckDB's errors say of a file, without the values that their messages may hold."""

import re

import duckdb

_PLACE = re.compile(r"(at byte \d+ )?in (line|record/value) \d+")
ENGINE_ERRORS = (duckdb.Error, UnicodeDecodeError)
"""A message that quotes bytes of the file cannot always be decoded, and so not be raised."""
OWN_ERRORS = (duckdb.OutOfMemoryException, duckdb.InterruptException)
"""Among these, what says nothing about the file."""
DOUBTFUL = "a time in doubt"
"""What the SQL of landing raises at a value that DuckDB would guess the time of."""
_ABOUT_KINDS = ("JSON transform error", "Error when converting column", DOUBTFUL)
_ABOUT_MAPPINGS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


def is_about_kinds(error: Exception) -> bool:
    """Whether a file failed only because a value is of another kind than those that were looked at.

    In JSON an object, a list or a plain value takes the place of another; in a delimited file, text that of
    a time.
    """
    return isinstance(error, duckdb.Error) and any(said in str(error) for said in _ABOUT_KINDS)


def first_line(error: Exception) -> str:
    """What an engine's error says of a file, without the values that its message may hold."""
    if isinstance(error, _ABOUT_MAPPINGS):
        return f"the mapping does not fit: {str(error).splitlines()[0][:200]}"
    return damaged(error)


def damaged(error: Exception) -> str:
    """That a file is damaged, with the place in it where the engine names one."""
    place = _PLACE.search(str(error))
    return f"damaged, or not of the declared format{f' ({place[0]})' if place else ''}; deliver it again"
