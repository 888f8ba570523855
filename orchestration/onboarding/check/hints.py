"""Hints of the check: what to write instead of a column that is missing, or a value that does not fit."""

import difflib
import re
from dataclasses import dataclass, field

import duckdb

from orchestration.base import sql
from orchestration.base.text import double, one_line, scalar
from orchestration.base.wording import listed
from orchestration.onboarding.columns import expression_of
from orchestration.onboarding.dates import date_readings, order_of
from orchestration.sources.source_files import Feed

_PLAIN_NAME = re.compile(r"[^\W\d]\w*")  # needs no quotes in an expression
TRY_CAST = "Use TRY_CAST instead of CAST: what does not fit becomes empty."
BY_TYPE = {
    "bool": "Map its values, e.g. {from: column, map: {Done: true, Open: false}}.",
    "int": "Map another column, or round: CAST(round(CAST(x AS DOUBLE)) AS BIGINT).",
}


@dataclass
class MissingColumns:
    """Columns that one field reads and some files lack; `columns` are those of the first such file."""

    columns: dict[str, str]
    absent: dict[str, None] = field(default_factory=dict)
    found: str = ""  # of JSON, what its first document is
    files: list[str] = field(default_factory=list)


def for_missing_columns(feed: Feed, name: str, gap: MissingColumns) -> str:
    """What to do about a column that no file has."""
    if "`records:" in gap.found:
        return f"{gap.found[0].upper()}{gap.found[1:]}."
    if len(gap.columns) == 1:
        return "The header was read as one single column: is `delimiter` right?"
    expression = feed.mappings[name].expression if name in feed.mappings else feed.where
    unquoted = [gap.columns[column] for column in gap.columns if _is_unquoted(column, expression, gap)]
    if unquoted:
        return _quoting_hint(name, unquoted[0], expression)
    close = _close(gap)
    hint = f"Did you mean {listed(close)}?" if close else f"There are: {listed(gap.columns.values())}."
    column = feed.table.columns.get(name)
    is_one_word = [absent.lower() for absent in gap.absent] == [expression.strip().lower()]
    if is_one_word and column is not None and column.type in ("text", "id"):
        hint += f" A constant is written {double(sql.text(expression.strip()))}."
    return hint


def for_partly_missing_columns(gap: MissingColumns, *, is_needed: bool) -> str:
    """What comes of a column that some files lack, and what to do if they only call it something else."""
    follows = "A run would set such files aside whole." if is_needed else "Their rows land without it."
    close = _close(gap)
    if len(gap.absent) > 1 or not close:
        return follows
    either = ", ".join(expression_of(column) for column in (*gap.absent, close[0]))
    return f"{follows} If it is {listed(close[:1])} there, write coalesce({one_line(either, 160)})."


def for_dates(connection: duckdb.DuckDBPyConnection, values: list[str], useful: list[str]) -> str:
    """Which `dates` read the values; formats that read others of the column stay among them."""
    readings = date_readings(connection, values)
    if useful and readings:
        return _further_dates_hint(readings if readings != [[]] else _iso_formats(connection, values), useful)
    if len(readings) > 1:
        return _two_ways(readings)
    if readings and readings[0]:
        return f"This fits: {_dates(readings[0])}."
    if readings:
        return "These dates need no dates setting; take it away for this field."
    return "Give the format under dates with strptime codes, e.g. '%d.%m.%Y %H:%M'."


def for_expression(error: duckdb.Error) -> str:
    """What to do about an expression that the engine refuses."""
    if isinstance(error, duckdb.ConversionException):
        return TRY_CAST
    return "Columns are text: CAST them to compute. A column with blanks is written '\"like this\"'."


def _quoting_hint(name: str, column: str, expression: str) -> str:
    quoted = sql.name(column)
    is_all = expression.strip().lower() == column.lower()
    written = f"{name}: {scalar(quoted)}" if is_all else quoted
    return f"Write {written}: a name with anything but letters, digits and _ stands in double quotes."


def _is_unquoted(column: str, expression: str, gap: MissingColumns) -> bool:
    """Whether the expression names a column that needs quotes without them, so that it falls to pieces."""
    spelled = expression.lower()
    return (
        not _PLAIN_NAME.fullmatch(column)
        and column in spelled
        and sql.name(column) not in spelled
        and any(absent.lower() in column for absent in gap.absent)
    )


def _close(gap: MissingColumns) -> list[str]:
    """Columns of the file that are spelled nearly like those it lacks."""
    found = (
        gap.columns[match]
        for column in gap.absent
        for match in difflib.get_close_matches(column.lower(), list(gap.columns), n=2)
    )
    return list(dict.fromkeys(found))


def _further_dates_hint(readings: list[list[str]], useful: list[str]) -> str:
    extended = [[*useful, *(one for one in reading if one not in useful)] for reading in readings]
    fitting = [formats for formats in extended if not {"day", "month"} <= set(map(order_of, formats))]
    if not fitting:
        return "Day and month stand in the other order there: describe such files in a file set of their own."
    if len(fitting) > 1:
        return _two_ways(fitting)
    if fitting[0] == useful:
        return "Other values there fit: correct these in the export, or leave such rows out with where."
    condition = " if the order of day and month is that of the others" if len(readings) > 1 else ""
    return f"This fits{condition}: {_dates(fitting[0])}."


def _two_ways(readings: list[list[str]]) -> str:
    return f"Two ways fit, look one date up to decide: {' or '.join(map(_dates, readings))}."


def _dates(formats: list[str]) -> str:
    return "dates: [" + ", ".join(f'"{one}"' for one in formats) + "]"


def _iso_formats(connection: duckdb.DuckDBPyConnection, values: list[str]) -> list[list[str]]:
    """Formats of dates that would need none if they stood alone: those of the same dates with dots."""
    dotted = [re.sub(r"^(\d{4})[-/](\d{1,2})[-/]", r"\1.\2.", value) for value in values]
    written = "%Y/%m/%d" if values[0][4] == "/" else "%Y-%m-%d"
    readings = date_readings(connection, dotted)
    return [[one.replace("%Y.%m.%d", written) for one in reading] for reading in readings]
