"""Reads what the page says out of the published marts; a missing table is None, never an error."""

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from orchestration.base import engine
from orchestration.base.engine import Limits

Row = dict[str, Any]

UNKNOWN = "(unknown)"
GRADES = ("A", "B", "C", "D")
# Rows and columns of a map; more cannot be read, and the file must stay small.
MAP_SIDE = 30
# About 60 bytes a cell in the page, so the map data stays below 4 MB.
MAP_CELLS = 60_000

_TEXT_LIMIT = 300
# Control characters, and the ones that turn the reading direction of what follows.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")

_HEATMAP = {
    "centre": "VARCHAR",
    "dim_x": "VARCHAR",
    "value_x": "VARCHAR",
    "label_x": "VARCHAR",
    "dim_y": "VARCHAR",
    "value_y": "VARCHAR",
    "window_type": "VARCHAR",
    "window_start": "DATE",
    "window_end": "DATE",
    "attribution": "VARCHAR",
    "metric_id": "VARCHAR",
    "n_exposed": "BIGINT",
    "n_observed": "BIGINT",
    "n_undecidable": "BIGINT",
    "rate": "DOUBLE",
    "rate_low": "DOUBLE",
    "rate_high": "DOUBLE",
    "undecidable_share": "DOUBLE",
    "is_missing_volume_estimated": "BOOLEAN",
    "data_confidence": "DOUBLE",
    "grade": "VARCHAR",
    "state": "VARCHAR",
    "suppress_reason": "VARCHAR",
    "top_blind_spot_id": "VARCHAR",
}
_BLIND_SPOT = {
    "blind_spot_id": "VARCHAR",
    "name": "VARCHAR",
    "centre": "VARCHAR",
    "source_instance": "VARCHAR",
    "scope_type": "VARCHAR",
    "window_type": "VARCHAR",
    "status": "VARCHAR",
    "affected_n": "BIGINT",
    "undecidable_n": "BIGINT",
    "total_n": "BIGINT",
    "affected_share": "DOUBLE",
    "severity": "VARCHAR",
    "first_seen_date": "DATE",
    "last_seen_date": "DATE",
    "owner_function": "VARCHAR",
    "metrics_affected": "VARCHAR",
    "n_cells_affected": "BIGINT",
    "remedy": "VARCHAR",
}
_SOURCE_HEALTH = {
    "centre": "VARCHAR",
    "source_instance": "VARCHAR",
    "entity": "VARCHAR",
    "day": "DATE",
    "n_received": "BIGINT",
    "n_duplicates": "BIGINT",
    "n_quarantined": "BIGINT",
    "is_delivered": "BOOLEAN",
    "freshness_hours": "DOUBLE",
}


@contextmanager
def opened(marts: Path, limits: Limits = engine.SMALL) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a published marts file read-only, with times in UTC.

    Raises:
        duckdb.Error: the file is missing or is no DuckDB file.
    """
    with engine.connect(marts, limits=limits, read_only=True) as connection:
        yield connection


def readable(value: object, limit: int = _TEXT_LIMIT) -> str:
    """Makes text from the data fit to show: no control characters, at most `limit` long."""
    text = _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", "" if value is None else str(value))
    return text if len(text) <= limit else text[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def relation(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> str | None:
    """Returns a subquery with exactly `columns` (name to type), or None without the table.

    A column the table lacks is NULL, so an older or newer mart still gives a page.
    """
    found = {
        str(name).lower()
        for (name,) in connection.execute(
            "select column_name from duckdb_columns()"
            " where schema_name = 'main' and table_name = ? and not internal",
            [table],
        ).fetchall()
    }
    if not found:
        return None
    parts = [
        f'try_cast("{name}" as {kind}) as "{name}"' if name in found else f'cast(null as {kind}) as "{name}"'
        for name, kind in columns.items()
    ]
    return f'(select {", ".join(parts)} from main."{table}")'


def centres(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """Headline of each centre, by name.

    Columns: centre; as_of_first and as_of_last (UTC, None where not recorded); n_journeys,
    n_escalated, n_undecided, share, share_low, share_high (0-1, worst case of what is undecided);
    n_cases; n_contacts (None where the mart is missing); grades (cells of the whole span per
    grade); blind_spots (scopes per status).
    """
    journeys = _journeys(connection)
    cases = _counts(connection, "mart_case")
    contacts = _counts(connection, "mart_contact")
    as_of = _as_of(connection)
    grades = _grouped(connection, "mart_escalation_heatmap", _HEATMAP, "grade", "window_type = 'span'")
    statuses = _grouped(
        connection,
        "mart_blind_spot",
        _BLIND_SPOT,
        "status",
        "scope_type = 'source' and window_type = 'span'",
    )
    health = _grouped(connection, "mart_source_health", _SOURCE_HEALTH, "entity", "true")
    known = [journeys, cases, contacts, as_of, grades, statuses, health]
    names = sorted({name for part in known if part is not None for name in part})
    return [
        {
            "centre": readable(name),
            "as_of_first": (as_of or {}).get(name, (None, None))[0],
            "as_of_last": (as_of or {}).get(name, (None, None))[1],
            "journeys": None if journeys is None else journeys.get(name, _share(0, 0, 0)),
            "n_cases": None if cases is None else cases.get(name, 0),
            "n_contacts": None if contacts is None else contacts.get(name, 0),
            "grades": (grades or {}).get(name, {}),
            "blind_spots": (statuses or {}).get(name, {}),
        }
        for name in names
    ]


def heatmap_cells(connection: duckdb.DuckDBPyConnection) -> list[Row] | None:
    """Cells of the maps: whole span and eight-week windows, the most exposed rows and columns.

    One row per cell with the mart's columns, and besides: x_rank, y_rank (1 = most exposed, the
    unknown value last), n_x and n_y (values before the cut), n_windows_left_out (windows of that
    centre that did not fit, newest kept). Ordered by centre, window (span first, newest first).
    """
    source = relation(connection, "mart_escalation_heatmap", _HEATMAP)
    if source is None:
        return None
    part = "centre, metric_id, dim_x, dim_y, window_type, window_start, window_end"
    return _rows(
        connection,
        f"""
        with cells as (
            select * replace (
                coalesce(centre, '{UNKNOWN}') as centre,
                coalesce(label_x, value_x, '{UNKNOWN}') as value_x,
                coalesce(value_y, '{UNKNOWN}') as value_y
            )
            from {source}
            where window_type in ('span', 'eight_weeks')
                and coalesce(attribution, 'touched') = 'touched'
                and (dim_x, dim_y) in (
                    ('team', 'reason'), ('team', 'channel'), ('reason', 'channel')
                )
        ),
        ranked_x as (
            select {part}, value_x, count(*) over (partition by {part}) as n_x,
                row_number() over (
                    partition by {part}
                    order by value_x = '{UNKNOWN}' desc, sum(n_exposed) desc nulls last, value_x
                ) as x_kept,
                row_number() over (
                    partition by {part}
                    order by value_x = '{UNKNOWN}', sum(n_exposed) desc nulls last, value_x
                ) as x_rank
            from cells group by {part}, value_x
        ),
        ranked_y as (
            select {part}, value_y, count(*) over (partition by {part}) as n_y,
                row_number() over (
                    partition by {part}
                    order by value_y = '{UNKNOWN}' desc, sum(n_exposed) desc nulls last, value_y
                ) as y_kept,
                row_number() over (
                    partition by {part}
                    order by value_y = '{UNKNOWN}', sum(n_exposed) desc nulls last, value_y
                ) as y_rank
            from cells group by {part}, value_y
        ),
        shown as (
            select cells.*, x_rank, n_x, y_rank, n_y
            from cells
            join ranked_x using ({part}, value_x)
            join ranked_y using ({part}, value_y)
            where x_kept <= {MAP_SIDE} and y_kept <= {MAP_SIDE}
        ),
        windows as (
            select centre, window_type, window_start, window_end,
                sum(count(*)) over (
                    order by window_type <> 'span', window_start desc nulls last, window_end, centre
                    rows unbounded preceding
                ) as n_so_far
            from shown group by centre, window_type, window_start, window_end
        ),
        fitting as (
            select *, n_so_far <= {MAP_CELLS} or n_so_far = min(n_so_far) over () as is_kept,
                cast(count(*) filter (where n_so_far > {MAP_CELLS}) over (partition by centre)
                    as bigint) as n_windows_left_out
            from windows
        )
        select shown.*, n_windows_left_out
        from shown join fitting on shown.centre = fitting.centre
            and shown.window_type = fitting.window_type
            and shown.window_start is not distinct from fitting.window_start
            and shown.window_end is not distinct from fitting.window_end
        where is_kept
        order by shown.centre, shown.window_type <> 'span', shown.window_start desc nulls last,
            metric_id, dim_x, dim_y, x_rank, y_rank
        """,
    )


def metrics(connection: duckdb.DuckDBPyConnection) -> dict[str, Row]:
    """Registry of the map's metrics: metric_id to label, definition and exposure."""
    columns = dict.fromkeys(("metric_id", "label", "definition", "exposure"), "VARCHAR")
    source = relation(connection, "heatmap_metrics", columns)
    if source is None:
        return {}
    rows = _rows(connection, f"select * from {source} where metric_id is not null")
    return {row["metric_id"]: row for row in rows}


def blind_spot_names(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Names by blind-spot id, from the registry and, where it lacks one, from the mart."""
    names: dict[str, str] = {}
    for table in ("mart_blind_spot", "blind_spots"):
        source = relation(connection, table, {"blind_spot_id": "VARCHAR", "name": "VARCHAR"})
        if source is not None:
            found = connection.execute(
                f"select distinct * from {source} where blind_spot_id is not null"
                " and name is not null order by all"
            ).fetchall()
            names.update((key, readable(name)) for key, name in found)
    return names


def blind_spots(connection: duckdb.DuckDBPyConnection) -> list[Row] | None:
    """Blind spots per source over the whole span, blind first, then errored, warn and the rest."""
    source = relation(connection, "mart_blind_spot", _BLIND_SPOT)
    if source is None:
        return None
    return _rows(
        connection,
        f"""
        select * replace (coalesce(status, 'not_assessed') as status)
        from {source}
        where scope_type = 'source' and window_type = 'span'
        order by
            coalesce(nullif(list_position(['blind', 'errored', 'warn', 'not_assessed', 'ok'],
                coalesce(status, 'not_assessed')), 0), 9),
            affected_share desc nulls last, n_cells_affected desc nulls last,
            blind_spot_id, centre, source_instance
        """,
    )


def source_health(connection: duckdb.DuckDBPyConnection) -> list[Row] | None:
    """Health per centre, source and entity over all days.

    Columns: centre, source_instance, entity, n_received, n_quarantined, duplicate_share (0-1, None
    without rows), first_day, last_day (days with rows), freshness_hours, is_delivered.
    """
    source = relation(connection, "mart_source_health", _SOURCE_HEALTH)
    if source is None:
        return None
    return _rows(
        connection,
        f"""
        select centre, source_instance, entity,
            cast(sum(n_received) as bigint) as n_received,
            cast(sum(n_quarantined) as bigint) as n_quarantined,
            sum(n_duplicates) / nullif(sum(n_received), 0) as duplicate_share,
            min(day) filter (where n_received > 0) as first_day,
            max(day) filter (where n_received > 0) as last_day,
            max(freshness_hours) as freshness_hours,
            bool_or(is_delivered) as is_delivered
        from {source}
        group by centre, source_instance, entity
        order by centre, source_instance, entity
        """,
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    result = connection.execute(query)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, map(_finite, row), strict=True)) for row in result.fetchall()]


def _finite(value: Any) -> Any:
    """NaN and infinity are no measured values, and JSON has no word for them."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _share(n_journeys: int, n_escalated: int, n_undecided: int) -> Row:
    n_decided = n_journeys - n_undecided
    return {
        "n_journeys": n_journeys,
        "n_escalated": n_escalated,
        "n_undecided": n_undecided,
        "share": n_escalated / n_decided if n_decided else None,
        "share_low": n_escalated / n_journeys if n_journeys else None,
        "share_high": (n_escalated + n_undecided) / n_journeys if n_journeys else None,
    }


def _journeys(connection: duckdb.DuckDBPyConnection) -> dict[str, Row] | None:
    source = relation(connection, "mart_journey", {"centre": "VARCHAR", "is_escalated": "BOOLEAN"})
    if source is None:
        return None
    found = connection.execute(
        f"""
        select coalesce(centre, '{UNKNOWN}'), count(*), count(*) filter (where is_escalated),
            count(*) filter (where is_escalated is null)
        from {source} group by 1
        """
    ).fetchall()
    return {name: _share(*counts) for name, *counts in found}


def _counts(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, int] | None:
    source = relation(connection, table, {"centre": "VARCHAR"})
    if source is None:
        return None
    return dict(
        connection.execute(
            f"select coalesce(centre, '{UNKNOWN}'), count(*) from {source} group by 1"
        ).fetchall()
    )


def _as_of(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[Any, Any]] | None:
    """Earliest and latest as-of time among the sources of each centre."""
    columns = {"centre": "VARCHAR", "source_instance": "VARCHAR", "as_of_at": "TIMESTAMP"}
    source = relation(connection, "mart_source_span", columns)
    if source is None:
        return None
    found = connection.execute(
        f"""
        select centre, min(as_of_at), max(as_of_at)
        from (
            select coalesce(centre, '{UNKNOWN}') as centre, source_instance,
                max(as_of_at) as as_of_at
            from {source} group by 1, 2
        )
        group by 1
        """
    ).fetchall()
    return {name: (first, last) for name, first, last in found}


def _grouped(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    key: str,
    condition: str,
) -> dict[str, dict[str, int]] | None:
    """Counts rows per centre and value of `key`."""
    source = relation(connection, table, columns)
    if source is None:
        return None
    found = connection.execute(
        f"""
        select coalesce(centre, '{UNKNOWN}'), coalesce({key}, ''), count(*)
        from {source} where {condition} group by 1, 2 order by 1, 2
        """
    ).fetchall()
    grouped: dict[str, dict[str, int]] = {}
    for name, value, count in found:
        grouped.setdefault(name, {})[value] = count
    return grouped
