"""Times as exports write them, in SQL: what a wall clock showed, or a moment that names its offset."""

from orchestration.base import sql
from orchestration.sources.date_formats import EPOCH_FORMATS

# Written out, because DuckDB's own cast reads `10:00 PM` as 10:00 and `25-01-05` as the year 25.
_DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_CLOCK = r"[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?"
_WALL = rf"{_DAY}(?:{_CLOCK})?"
_UTC_LENGTHS = "20, 24"  # of the usual spelling of UTC, with whole seconds or milliseconds and a Z
_INSTANT = rf"{_DAY}{_CLOCK} *(?:[A-Za-z].*|[+-]\d.*)"
_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"

# The first and the last year stand for always and never, and are no moments of any zone.
_MOMENTS = "'0002-01-01 00:00:00' AND {type} '9998-12-31 23:59:59.999999'"
_CALENDAR = "'0001-01-01 00:00:00' AND {type} '9999-12-31 23:59:59.999999'"


def read(value: str, value_type: str, formats: list[str], text: str = "") -> tuple[str, str, str]:
    """SQL of the wall-clock time, of the time in UTC (TIMESTAMP) and of the moment (TIMESTAMPTZ) in a value.

    Each is one way to write a time, and tried where those before it read nothing; empty where the value
    cannot be written so. A value that is text is read by the formats, or else as ISO 8601: anything more
    would be a guess. `text` is the value without blanks around it, where it has some.
    """
    text = text or value
    if value_type.startswith("TIMESTAMP WITH"):
        return "", "", value
    if value_type == "DATE" or value_type.startswith("TIMESTAMP"):
        return f"CAST({value} AS TIMESTAMP)", "", ""
    if not formats:
        spelled = f"regexp_replace(regexp_replace({text}, ' +([+-])', '\\1'), 'z$', 'Z')"
        # Usual spellings are found faster so than by the pattern.
        is_usual = f"(strlen({value}) = 19 AND substr({value}, 17, 1) = ':')"
        is_utc = f"(suffix({value}, 'Z') AND strlen({value}) IN ({_UTC_LENGTHS}))"
        return (
            f"CASE WHEN {is_usual} THEN TRY_CAST({value} AS TIMESTAMP) WHEN {is_utc} THEN NULL "
            f"WHEN regexp_full_match({text}, '{_WALL}') THEN TRY_CAST({text} AS TIMESTAMP) END",
            f"CASE WHEN {is_utc} THEN TRY_CAST({value} AS TIMESTAMP) END",
            f"CASE WHEN regexp_full_match({text}, '{_INSTANT}') THEN TRY_CAST({spelled} AS TIMESTAMPTZ) END",
        )
    walls = [one for one in formats if one not in EPOCH_FORMATS and "%z" not in one and "%Z" not in one]
    return _walls(text, walls), "", _first(_instants(text, [one for one in formats if one not in walls]))


def _walls(text: str, formats: list[str]) -> str:
    long = [one for one in formats if "%Y" in one]
    short = [one for one in formats if one not in long]
    read_long = (
        f"CASE WHEN regexp_matches({text}, '\\d{{4}}') THEN try_strptime({text}, {sql.texts(long)}) END"
    )
    # %Y takes 25 for the year 25, so it is asked only where four digits stand.
    return _first(
        ([read_long] if long else []) + ([f"try_strptime({text}, {sql.texts(short)})"] if short else [])
    )


def _instants(text: str, formats: list[str]) -> list[str]:
    offsets = [one for one in formats if "%z" in one]
    names = [one for one in formats if "%Z" in one and one not in offsets]
    found = []
    if offsets:
        found.append(f"try_strptime(regexp_replace({text}, '[Zz]$', '+00:00'), {sql.texts(offsets)})")
    if names:
        found.append(f"try_strptime({text}, {sql.texts(names)})")
    for epoch in (one for one in formats if one in EPOCH_FORMATS):
        seconds = f"TRY_CAST({text} AS DOUBLE) / {1 if epoch == 'epoch' else 1000}"
        found.append(
            f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') THEN TRY(to_timestamp({seconds})) END"
        )
    return found


def _first(expressions: list[str]) -> str:
    return f"coalesce({', '.join(expressions)})" if len(expressions) > 1 else "".join(expressions)


def landed(readings: tuple[str, ...], target: str, zone: str) -> str:
    """SQL of the UTC time or of the day (target `ts` or `date`), in the zone for wall-clock times.

    `readings` are columns with what `read` gives, or empty; only one of them is filled.

    Of an hour that the clock showed twice it is the second; one that it skipped moves on. The day of
    a moment is the one that the zone had then.
    """
    within, always = (limits.format(type="TIMESTAMP") for limits in (_MOMENTS, _CALENDAR))
    calendar = (
        _CALENDAR.format(type="TIMESTAMPTZ").replace("00:00:00'", "00:00:00+00'").replace("999'", "999+00'")
    )
    wall, utc, instant = readings
    named = sql.text(zone)
    cases = []
    if wall and target != "date" and zone not in ("UTC", "Etc/UTC"):
        # Through microseconds, because a second conversion between zones would cost as much as the first.
        moved = f"make_timestamp(epoch_us(timezone({named}, {wall})))"
        cases.append(f"{wall} BETWEEN TIMESTAMP {within} THEN {moved}")
    if wall:
        cases.append(f"{wall} BETWEEN TIMESTAMP {always} THEN {wall}")
    if utc:
        there = f"timezone({named}, timezone('UTC', {utc}))" if target == "date" else utc
        # Before the year 1000 it was a year of two digits, which would be a guess.
        cases.append(f"{utc} BETWEEN TIMESTAMP {within} AND year({utc}) > 999 THEN {there}")
    if instant:
        moment = (
            f"timezone({named}, {instant})" if target == "date" else f"make_timestamp(epoch_us({instant}))"
        )
        cases.append(f"{instant} BETWEEN TIMESTAMPTZ {calendar} THEN {moment}")
    return f"CAST(CASE WHEN {' WHEN '.join(cases)} END AS {'DATE' if target == 'date' else 'TIMESTAMP'})"
