"""Durations as exports write them: `00:06:12`, `6:12`, `1 day 02:00:00`, `6 min 12 s`, `PT6M12S`.

Plain numbers are not read here: only the name of their column says what they count.
"""

import duckdb

from orchestration.base import sql

# `12:30` is minutes and seconds, because calls last minutes.
CLOCK = r"(?:(?P<d>\d+)(?:\.| ?(?:d|days?|tage?),? *))?(?:(?P<h>\d+):)?(?P<m>\d+):(?P<s>[0-5]?\d(?:[.,]\d+)?)"
_FACTORS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
# With a decimal comma, a point before three digits groups thousands. Without one, `1,234` is undecidable.
_THOUSANDS = r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?"


def _number(decimal: str) -> str:
    """Pattern of a number; its decimals may follow the other mark too, where they cannot be thousands."""
    other = r"\." if decimal == "," else ","
    plain = rf"\d+(?:[{decimal}]\d+)?|0{other}\d+|\d+{other}(?:\d{{1,2}}|\d{{4,}})"
    return f"(?:{_THOUSANDS}|{plain})" if decimal == "," else f"(?:{plain})"


def units(decimal: str) -> str:
    """Pattern of a duration in units, such as `6 min 12 s`."""
    n = _number(decimal)
    return (
        rf"p?(?:(?P<d>{n}) ?(?:d|days?|tage?n?),? ?)?t?"
        rf"(?:(?P<h>{n}) ?(?:h|hrs?\.?|hours?|std\.?|stunden?),? ?)?"
        rf"(?:(?P<m>{n}) ?(?:m|mins?\.?|minutes?|minuten?),? ?)?(?:and |und )?"
        rf"(?:(?P<s>{n}) ?(?:s|secs?\.?|seconds?|sek\.?|sekunden?),? ?)?"
        rf"(?:(?P<ms>{n}) ?(?:ms|msecs?|milliseconds?|millisekunden?))?"
    )


def install(connection: duckdb.DuckDBPyConnection, decimal: str = ".") -> None:
    """Adds `seconds(text)` to a connection: of a duration or a plain number, NULL where it is neither.

    Texts have the decimal mark `decimal`; values that a file delivers as numbers are taken as they are.
    """
    spelled = "CAST(text AS VARCHAR)"
    cast = f"TRY_CAST({spelled} AS DOUBLE)"
    is_plain = f"regexp_full_match({spelled}, {sql.text(f'[+-]?{_number(decimal)}')})"
    plain = f"CASE WHEN {is_plain} THEN {_value(spelled, decimal)} END"
    if decimal == ".":  # as the engine writes numbers, too
        number = f"coalesce({cast}, {plain})"
    else:
        number = f"CASE WHEN typeof(text) <> 'VARCHAR' THEN {cast} ELSE {plain} END"
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO seconds(text) AS coalesce({number}, {seconds(spelled, decimal)})"
    )


def seconds(text: str, decimal: str) -> str:
    """SQL of the seconds in a text that is no plain number; NULL where it is no duration."""
    lowered = f"lower({text})"
    cases = []
    for pattern in (CLOCK, units(decimal)):
        names = [name for name in _FACTORS if f"(?P<{name}>" in pattern]
        found = f"regexp_extract({lowered}, {sql.text(f'^(?:{pattern})$')}, {sql.texts(names)})"
        parts = {name: f"{found}[{sql.text(name)}]" for name in names}
        read = "." if pattern == CLOCK else decimal  # seconds of a clock are below 60
        numbers = {name: _value(part, read) for name, part in parts.items()}
        counted = " + ".join(f"coalesce({one}, 0) * {_FACTORS[name]}" for name, one in numbers.items())
        any_of = " OR ".join(f"{part} <> ''" for part in parts.values())
        cases.append(f"WHEN {any_of} THEN {counted}")
    return f"CASE {' '.join(cases)} END"


def _value(number: str, decimal: str) -> str:
    """SQL of what a number of that pattern counts; NULL for an empty text."""
    plain = f"TRY_CAST(replace({number}, ',', '.') AS DOUBLE)"
    if decimal != ",":
        return plain
    grouped = f"TRY_CAST(replace(replace({number}, '.', ''), ',', '.') AS DOUBLE)"
    is_grouped = f"regexp_full_match({number}, {sql.text(f'[+-]?{_THOUSANDS}')})"
    return f"CASE WHEN {is_grouped} THEN {grouped} ELSE {plain} END"
