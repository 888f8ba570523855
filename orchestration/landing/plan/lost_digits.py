"""Identifiers that a spreadsheet, or a column of numbers, has bent: `7001.0`, `5.00E+17`.

A whole number with decimals of nothing is the whole number. What is written with an exponent has lost digits
that nobody can compute back, and so has a whole number with decimals beyond 2 to the power of 53. A digit, an
E and digits (`5E17`) may be a code as well: it is one where the column has other codes with letters.
"""

import re
from collections.abc import Iterable

from orchestration.base import sql

LOST = "cannot be used: its digits are lost, as spreadsheets shorten long numbers"
"""Reason for the quarantine of a row whose identifier is not what it was."""
EXPORT_AS_TEXT = (
    "Export this column as text: in a spreadsheet, import the file with the column set to Text before it is "
    "saved; from a database or pandas, cast it to text. The lost digits cannot be computed back."
)
_LARGEST = 2**53
"""Whole numbers above are not all kept apart by a double."""
_NOBODY = (
    "#n/a", "anonym", "anonymous", "blocked", "default", "dummy", "guest", "gast", "keine", "kein",
    "missing", "n/a", "na", "nan", "nil", "no", "none", "null", "nobody", "private", "restricted",
    "tbd", "test", "unavailable", "unbekannt", "undefined", "unknown", "withheld", "x", "xxx",
)  # fmt: skip
_DIGITS = 16  # of that number
_WHOLE = {
    ".": r"[+-]?\d+\.0+",
    # Three digits after a point are thousands there.
    ",": r"[+-]?\d+(?:,0+|\.0{1,2})",
}
_ANY_WHOLE = r"[+-]?\d+[.,]0+"
_EXPONENT = r"[+-]?\d+(?:[.,]\d+)?[eE]\+\d+|[+-]?\d+[.,]\d+[eE][+-]?\d+"
_MAYBE = r"[1-9][eE]\d{1,3}|\d[eE]-\d{1,3}"
_MAYBE_LENGTH = 6
_LONGEST_EXPONENT = 32
"""No number with an exponent is written longer; digests and UUIDs are."""


def whole(value: str, decimal: str = ".") -> str:
    """SQL of an identifier as text without decimals of nothing."""
    found = " OR ".join(f"contains({value}, {sql.text(mark)})" for mark in sorted({".", decimal}))
    pattern = sql.text(_WHOLE[decimal])
    shortened = f"regexp_extract({value}, '^[+-]?[0-9]+')"
    return f"CASE WHEN ({found}) AND regexp_full_match({value}, {pattern}) THEN {shortened} ELSE {value} END"


def is_nobody(value: str) -> str:
    """SQL: whether an id in a list stands for no customer, as `unknown` and `0` do, or has lost digits."""
    words = ", ".join(map(sql.text, _NOBODY))
    has_none = f"lower({value}) IN ({words}) OR regexp_full_match({value}, '[^1-9\\p{{L}}]*|9{{3,}}')"
    return f"({has_none} OR {is_lost(value)})"


def where_lost(value: str, condition: str) -> str:
    """SQL of a condition on bent numbers, asked only of values that could be one: hardly any is."""
    marks = " OR ".join(f"contains({value}, {sql.text(mark)})" for mark in ".,")
    short = f"strlen({value}) < {_LONGEST_EXPONENT} AND {_has_e(value)}"
    # A number begins with a digit or a sign, and these come before the colon.
    could_be = f"{value} < ':' AND (({short}) OR (strlen({value}) > {_DIGITS} AND ({marks})))"
    return f"CASE WHEN {could_be} THEN {condition} ELSE false END"


def is_lost(value: str, *, is_exact: bool = False) -> str:
    """SQL: whether a value has surely lost digits; `is_exact` says that its decimals are no double's."""
    has_exponent = f"({_has_e(value)} AND regexp_full_match({value}, {sql.text(_EXPONENT)}))"
    if is_exact:
        return f"coalesce({has_exponent}, false)"
    too_large = (
        f"(strlen({value}) > {_DIGITS} AND regexp_full_match({value}, {sql.text(_ANY_WHOLE)}) "
        f"AND coalesce(abs(TRY_CAST(regexp_extract({value}, '^[+-]?[0-9]+') AS HUGEINT)) > {_LARGEST}, true))"
    )
    return f"coalesce({has_exponent} OR {too_large}, false)"


def may_be_lost(value: str) -> str:
    """SQL: whether a value may be a number with an exponent, or a code that looks like one."""
    return (
        f"coalesce(strlen({value}) <= {_MAYBE_LENGTH} AND {_has_e(value)} "
        f"AND regexp_full_match({value}, {sql.text(_MAYBE)}), false)"
    )


def is_code(value: str) -> str:
    """SQL: whether a value has letters and is no number with an exponent."""
    has_letters = f"coalesce(regexp_matches({value}, '\\p{{L}}'), false)"
    return f"({has_letters} AND NOT {may_be_lost(value)} AND NOT {is_lost(value)})"


def _has_e(value: str) -> str:
    return f"(contains({value}, 'E') OR contains({value}, 'e'))"


def lost(values: Iterable[str]) -> list[str]:
    """Of the values of a column those that have lost digits, by the same rules."""
    kept = [value.strip() for value in values]
    sure = [v for v in kept if re.fullmatch(_EXPONENT, v) or _is_too_large(v)]
    maybe = [v for v in kept if re.fullmatch(_MAYBE, v)]
    numbers = {*sure, *maybe}
    has_codes = any(any(c.isalpha() for c in v) for v in kept if v not in numbers)
    return sure if has_codes else [*sure, *maybe]


def _is_too_large(value: str) -> bool:
    if not re.fullmatch(_ANY_WHOLE, value, re.ASCII):
        return False
    return abs(int(re.split("[.,]", value)[0])) > _LARGEST
