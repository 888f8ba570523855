"""Rows of a report that are no records: totals of others, headings of groups, remarks at the end."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from orchestration.base import sql
from orchestration.onboarding import vocabulary

_Row = Sequence[str | None]
_MOST = 0.3  # more rows than this are no totals
_ALWAYS = 0.99
_FEW_COLUMNS = 2
_WIDE = 5  # of so many columns a record never fills one alone
_AMOUNT = r"[\d\s.,:%+-]*\d[\d\s.,:%+-]*|\d+(\s*[a-zA-Z]+\.?\s*\d*)+"


@dataclass(frozen=True)
class Totals:
    """How rows of totals differ: by words that a column starts with, and by columns empty in them alone."""

    words: tuple[tuple[int, str], ...] = ()  # number of the column, and the word
    empty: tuple[int, ...] = ()

    def where(self, expressions: Sequence[str]) -> str:
        """SQL of the rows that are none, by the expression of each column; empty if all are."""
        conditions = [
            f"NOT starts_with(lower(coalesce({expressions[i]}, '')), {sql.text(word)})"
            for i, word in self.words
        ]
        if self.empty:
            conditions.append(f"coalesce({', '.join(expressions[i] for i in self.empty)}) IS NOT NULL")
        return " AND ".join(conditions)


def found_in(rows: Sequence[_Row], tail: Iterable[_Row] = ()) -> Totals:
    """Words that mark totals among the records; `tail` are the last ones of a file that is not read whole."""
    others = [rows[i] for i in kept(rows)]
    if not others:
        return Totals()
    usual = median(sum(map(bool, row)) for row in others)
    same_width = [row for row in (*rows, *tail) if len(row) == len(others[0])]
    suspects = (
        [row for row in same_width if _kind(row, usual)] if len(others) > (1 - _MOST) * len(rows) else []
    )
    found = {row: _word(row) for row in map(tuple, suspects)}
    words = dict.fromkeys(word for word in found.values() if word)
    blank = [row for row, word in found.items() if not word]
    always = [
        i
        for i in range(len(others[0]))
        if sum(bool(row[i]) for row in others) >= _ALWAYS * len(others) and not any(row[i] for row in blank)
    ]
    return Totals(tuple(words), tuple(always[:_FEW_COLUMNS]) if blank else ())


def kept(rows: Sequence[_Row]) -> list[int]:
    """Numbers of the records that are no totals."""
    left_out = _numbers(rows)
    return [i for i in range(len(rows)) if i not in left_out]


def _numbers(rows: Sequence[_Row]) -> set[int]:
    usual = median(sum(map(bool, row)) for row in rows) if rows else 0
    found = {i for i, row in enumerate(rows) if _kind(row, usual)}
    return found if len(found) <= _MOST * len(rows) else set()


def _kind(row: _Row, usual: float) -> str:
    """Whether a row is no record: `word` or `blank` says by what; empty for a record."""
    filled = [value for value in row if value]
    if not filled or len(filled) >= usual:
        return ""
    if _word(row):
        return "word"
    is_sum = len(filled) <= usual / 2 and not row[0] and all(re.fullmatch(_AMOUNT, v.strip()) for v in filled)
    is_remark = len(filled) == 1 and usual >= _WIDE
    return "blank" if is_sum or is_remark else ""


def _word(row: _Row) -> tuple[int, str] | None:
    """Column and word at the start of the first value, where it is one of totals."""
    i, first = next(((i, value.strip().lower()) for i, value in enumerate(row) if value), (0, ""))
    known = [word for word in vocabulary.TOTALS if re.match(rf"{word}s?\b", first)]
    return (i, max(known, key=len)) if known else None
