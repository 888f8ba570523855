"""Durations as exports write them: `00:06:12`, `6:12`, `1 day 02:00:00`, `6 min 12 s`, `PT6M12S`.

Plain numbers are not read here: only the name of their column says what they count.
"""

import duckdb

from orchestration.extract import sql

_NUMBER = r"\d+(?:[.,]\d+)?"
# `12:30` is minutes and seconds, because calls last minutes.
CLOCK = r"(?:(?P<d>\d+)(?:\.| ?(?:d|days?|tage?),? *))?(?:(?P<h>\d+):)?(?P<m>\d+):(?P<s>[0-5]?\d(?:[.,]\d+)?)"
UNITS = (
    rf"p?(?:(?P<d>{_NUMBER}) ?(?:d|days?|tage?n?),? ?)?t?"
    rf"(?:(?P<h>{_NUMBER}) ?(?:h|hrs?\.?|hours?|std\.?|stunden?),? ?)?"
    rf"(?:(?P<m>{_NUMBER}) ?(?:m|mins?\.?|minutes?|minuten?),? ?)?(?:and |und )?"
    rf"(?:(?P<s>{_NUMBER}) ?(?:s|secs?\.?|seconds?|sek\.?|sekunden?),? ?)?"
    rf"(?:(?P<ms>{_NUMBER}) ?(?:ms|msecs?|milliseconds?|millisekunden?))?"
)
_FACTORS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Adds `seconds(text)` to a connection: of a duration or a plain number, NULL where it is neither."""
    spelled = "CAST(text AS VARCHAR)"
    number = f"TRY_CAST(replace({spelled}, ',', '.') AS DOUBLE)"
    connection.execute(
        f"CREATE OR REPLACE TEMP MACRO seconds(text) AS coalesce({number}, {seconds(spelled)})"
    )


def seconds(text: str) -> str:
    """SQL of the seconds in a text that is no plain number; NULL where it is no duration."""
    lowered = f"lower({text})"
    cases = []
    for pattern in (CLOCK, UNITS):
        names = [name for name in _FACTORS if f"(?P<{name}>" in pattern]
        found = f"regexp_extract({lowered}, {sql.text(f'^(?:{pattern})$')}, {sql.texts(names)})"
        parts = {name: f"{found}[{sql.text(name)}]" for name in names}
        numbers = {name: f"TRY_CAST(replace({part}, ',', '.') AS DOUBLE)" for name, part in parts.items()}
        counted = " + ".join(f"coalesce({one}, 0) * {_FACTORS[name]}" for name, one in numbers.items())
        any_of = " OR ".join(f"{part} <> ''" for part in parts.values())
        cases.append(f"WHEN {any_of} THEN {counted}")
    return f"CASE {' '.join(cases)} END"
