"""Times that stand for no time: what systems write where a stamp is empty, or stands for always or never.

This is the one list of them; `docs/connecting_an_export.md` repeats it, and a test holds the two together.
"""

from orchestration.base import sql

# First and last moment, as the wall clock of the export or UTC shows it, and who writes it.
MOMENTS = (
    ("0001-01-01 00:00:00", "0001-01-01 23:59:59.999999", "the first day of .NET; always"),
    ("1000-01-01 00:00:00", "1000-01-01 00:00:00", "the first day of MySQL"),
    ("1601-01-01 00:00:00", "1601-01-01 00:00:00", "time 0 of Windows"),
    ("1753-01-01 00:00:00", "1753-01-01 00:00:00", "the first day of SQL Server"),
    ("1858-11-17 00:00:00", "1858-11-17 00:00:00", "time 0 of VMS"),
    ("1899-12-30 00:00:00", "1900-01-01 23:59:59.999999", "day 0 of Excel, Access and SQL Server"),
    ("1904-01-01 00:00:00", "1904-01-01 00:00:00", "day 0 of Excel for Mac"),
    ("1969-12-31 23:59:59", "1970-01-01 00:00:00", "time -1 and 0 of Unix"),
    ("2038-01-19 03:14:07", "2038-01-19 03:14:07", "the last time of Unix in 32 bits"),
    ("2079-06-06 00:00:00", "2079-06-06 23:59:59.999999", "the last day of SQL Server's smalldatetime"),
    ("2099-12-31 00:00:00", "2099-12-31 23:59:59.999999", "never"),
    ("2100-01-01 00:00:00", "2100-01-01 00:00:00", "never"),
    ("2900-01-01 00:00:00", "9999-12-31 23:59:59.999999", "never, as 2999-12-31 and 9999-12-31"),
)

# Text that no format reads: patterns of whole values, and examples of them.
TEXTS = {
    r"[0\s./:T-]*0[0\s./:T-]*(?:Z|[+]00:?00)?": ("0000-00-00", "0000-00-00 00:00:00", "0:00:00"),
    r"0000-01-01(?:[T ].*)?": ("0000-01-01",),
    r"(?:1900-01-00|00[./]01[./]1900|0?[01]/0?[01]/1900)(?:[T ].*)?": ("1900-01-00", "1/0/1900"),
    r"(?:0001-01-01|9999-12-31)[T ].*": ("0001-01-01T00:00:00+01:00",),
    r"(?i)[+-]?infinity": ("infinity", "-infinity"),
}

# All that lies between needs no further look.
_USUAL = "BETWEEN {type} '1970-01-03' AND {type} '2038-01-17'"
_OF_UNIX = ("1969-12-31 23:59:59", "1970-01-01 00:00:00", "2038-01-19 03:14:07")


def found(value: str, moment: str, target: str, text: str, wall: str) -> str:
    """SQL of whether a value is a placeholder; never NULL.

    `moment` is the value in UTC, or its day, as it was read into the type of `target` (`ts` or `date`), and
    `wall` what the clock of the export showed; each may be NULL. `text` is empty where the file has types.
    """
    duckdb_type = "DATE" if target == "date" else "TIMESTAMP"
    shown = f"coalesce({wall}, CAST({moment} AS TIMESTAMP))" if wall else f"CAST({moment} AS TIMESTAMP)"
    ranges = " OR ".join(
        f"{shown} BETWEEN TIMESTAMP {sql.text(first)} AND TIMESTAMP {sql.text(last)}"
        for first, last, _ in MOMENTS
    )
    unix = ", ".join(f"TIMESTAMP {sql.text(one)}" for one in _OF_UNIX)
    unread = "false"
    if text:
        pattern = "|".join(f"(?:{one})" for one in TEXTS)
        unread = f"regexp_full_match({text}, {sql.text(pattern)})"
    return (
        f"CASE WHEN {moment} {_USUAL.format(type=duckdb_type)} OR {value} IS NULL THEN false "
        f"WHEN {moment} IS NULL THEN coalesce({unread}, false) "
        f"ELSE coalesce({ranges} OR CAST({moment} AS TIMESTAMP) IN ({unix}), false) END"
    )


def midnight_before(moment: str, start: str, zone: str) -> str:
    """SQL of whether a UTC time is the midnight of the day of a later start: a clock that was never set."""
    local, started = (f"timezone({sql.text(zone)}, timezone('UTC', {one}))" for one in (moment, start))
    return (
        f"CASE WHEN {moment} < {start} THEN {local} = date_trunc('day', {local}) "
        f"AND CAST({local} AS DATE) = CAST({started} AS DATE) ELSE false END"
    )
