"""Finds out how the dates of a column are written."""

import re
from collections.abc import Iterable
from functools import cache

import duckdb

from orchestration.base import sql

DATE_IN_FILE_NAME = re.compile(
    r"\d{4}[-_.]?\d{2}[-_.]?\d{2}([T_-]?\d{2}[-_:]?\d{2}([-_:]?\d{2})?)?"
    r"|\d{4}-?[WwQq]\d{1,2}|\d{4}-\d{2}"
)

_MAX_VALUES = 1_000
_WEEKDAYS = ("", "%a ", "%a, ")
_DATE_PARTS = (
    *(day + order for s in "./-" for order in (f"%d{s}%m{s}%Y", f"%d{s}%m{s}%y") for day in _WEEKDAYS),
    *(day + order for s in "/-" for order in (f"%m{s}%d{s}%Y", f"%m{s}%d{s}%y") for day in _WEEKDAYS),
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *(
        "%d %b %Y",
        "%d-%b-%Y",
        "%d/%b/%Y",
        "%d-%b-%y",
        "%d/%b/%y",
        "%d %B %Y",
        "%b %d, %Y",
        "%B %d, %Y",
        "%b %d %Y",
    ),
)
_TIME_PARTS = (
    "",
    *(f"{gap}{time}" for gap in (" ", ", ", "T") for time in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")),
    *(f"{gap}{time}" for gap in (" ", ", ") for time in ("%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%H.%M")),
    *("%H%M%S", " %H%M%S", "_%H%M%S", "T%H%M%S"),
)
_OTHER_FORMATS = ("%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S")
_EXAMPLES = {
    "%d": "03", "%m": "02", "%Y": "2024", "%y": "24", "%H": "10", "%I": "10", "%M": "20", "%S": "30",
    "%f": "123", "%p": "PM", "%b": "Feb", "%B": "February", "%a": "Sat",
}  # fmt: skip
_EPOCH_FROM, _EPOCH_TO = 1_104_537_600, 2_051_222_400  # 2005 to 2034: wider would take ids for times
_MIN_FIT = 0.95


def date_readings(connection: duckdb.DuckDBPyConnection, values: Iterable[str]) -> list[list[str]]:
    """Ways to read values as dates: each a list for `dates` (empty: no setting needed).

    Two ways: the values leave open which is the day and which the month. None: they are no dates.
    """
    distinct = list(dict.fromkeys(v.strip() for v in values))[:_MAX_VALUES]
    if not distinct or sum(map(_may_be_date, distinct)) < _MIN_FIT * len(distinct):
        return []
    epoch = _epoch(distinct)
    if epoch:
        return [[epoch]]
    if _plain_fit(connection, distinct):
        return [[]]
    skeletons = {_skeleton(v) for v in distinct}
    candidates = [f for s in sorted(skeletons) for f in _formats_by_skeleton().get(s, ())]
    fits = _fits(connection, distinct, list(dict.fromkeys(candidates)))
    readings = {}
    for order in ("day", "month"):
        chosen, n_read = _cover({f: hits for f, hits in fits.items() if order_of(f) in ("", order)})
        if n_read >= _MIN_FIT * len(distinct):
            readings[tuple(chosen)] = n_read
    best = max(readings.values(), default=0)
    return [list(chosen) for chosen, n_read in readings.items() if n_read == best]


def _may_be_date(value: str) -> bool:
    return re.fullmatch(r"(?=.*\d.*\d.*\d)[^@]{6,40}", value) is not None


def _epoch(values: list[str]) -> str:
    for length, name in ((10, "epoch"), (13, "epoch_ms")):
        pattern = re.compile(rf"\d{{{length}}}(\.\d+)?")
        fit = [v for v in values if pattern.fullmatch(v) and _EPOCH_FROM <= int(v[:10]) <= _EPOCH_TO]
        if len(fit) >= _MIN_FIT * len(values):
            return name
    return ""


_ISO = re.compile(
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
    r"([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?( *(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?))?)?"
)


def _plain_fit(connection: duckdb.DuckDBPyConnection, values: list[str]) -> bool:
    """Whether landing reads the values without any format."""
    if not all(map(_ISO.fullmatch, values)):
        return False
    days = [re.split("[T ]", value)[0] for value in values]
    query = "SELECT count(TRY_CAST(v AS DATE)) FROM (SELECT unnest($1::VARCHAR[]) AS v)"
    return bool(connection.execute(query, [days]).fetchall()[0][0] >= _MIN_FIT * len(values))


@cache
def _formats_by_skeleton() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    zoned = [d + t + z for d in _DATE_PARTS for t in _TIME_PARTS for z in ("", "%z", " %z") if t or not z]
    for one in (*zoned, *_OTHER_FORMATS):
        example = re.sub(r"%[a-zA-Z]", lambda code: _EXAMPLES.get(code[0], code[0]), one)
        for offset in ("+0100", "+01:00", "+01", "Z") if "%z" in example else ("",):
            found.setdefault(_skeleton(example.replace("%z", offset)), []).append(one)
    return found


def _skeleton(value: str) -> str:
    """Shape of a stamp: two- and four-digit numbers, fractions, words and what stands between."""
    lengths = {1: "d", 2: "d", 3: "f", 4: "y", 5: "f", 6: "f"}
    shaped = re.sub(r"[^\W\d_]+", "a", value)
    shaped = re.sub(r"\d+", lambda run: lengths.get(len(run[0]), f"<{len(run[0])}>"), shaped)
    return re.sub(r"-(y|d:d|d)$", r"+\1", shaped)  # offsets west of Greenwich


def _fits(
    connection: duckdb.DuckDBPyConnection, values: list[str], candidates: list[str]
) -> dict[str, list[bool]]:
    if not candidates:
        return {}
    # A year like 24 shows that %Y swallowed two digits.
    columns = ", ".join(
        f"coalesce(year(CAST(try_strptime({_spelled(f)}, {sql.text(f)}) AS TIMESTAMP)) "
        "BETWEEN 1950 AND 2100, false)"
        for f in candidates
    )
    rows = connection.execute(
        f"SELECT {columns} FROM (SELECT unnest($1::VARCHAR[]) AS v)", [values]
    ).fetchall()
    return {f: [row[i] for row in rows] for i, f in enumerate(candidates)}


def _spelled(date_format: str) -> str:
    """The value as landing hands it to strptime, which knows no Z."""
    return "regexp_replace(v, '[Zz]$', '+00:00')" if "%z" in date_format else "v"


def _cover(fits: dict[str, list[bool]]) -> tuple[list[str], int]:
    """The fewest formats that read most values, and how many they read."""
    chosen: list[str] = []
    covered: list[bool] = []
    while fits:
        best = max(fits, key=lambda f: sum(fits[f]))
        if not any(fits[best]):
            break
        chosen.append(best)
        hits = fits[best]
        covered = [a or b for a, b in zip(covered or [False] * len(hits), hits, strict=True)]
        fits = {
            f: [h and not c for h, c in zip(own, hits, strict=True)] for f, own in fits.items() if f != best
        }
    return chosen, sum(covered)


def order_of(date_format: str) -> str:
    """`day` or `month`, whichever stands first; empty where the order is beyond doubt."""
    at = {code: date_format.find(code) for code in ("%d", "%m", "%Y")}
    if at["%d"] < 0 or at["%m"] < 0 or at["%Y"] == 0:
        return ""
    return "day" if at["%d"] < at["%m"] else "month"
