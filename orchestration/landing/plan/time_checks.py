"""Times that mean no time, and rules about times that sound rows break, as SQL."""

from collections.abc import Sequence

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.plan import field_sql, placeholders
from orchestration.landing.plan.field_sql import Field
from orchestration.sources import contract
from orchestration.sources.source_files import Feed

_YEAR_SECONDS = 31_622_400
_PLANNED = ("valid_to", "closed_at", "shift_end")
"""Stamps that may lie ahead."""


def may_be_placeholder(column: contract.Column) -> bool:
    """Whether a time in the column may stand for no time; a required day is a day of a calendar."""
    return column.type == "ts" or (column.type == "date" and not column.is_required)


def without_placeholders(feed: Feed, fields: Sequence[Field], zone: str, rows: str) -> str:
    """SQL of the rows with NULL for times that are placeholders, and a flag for each such field."""
    times = [field for field in fields if may_be_placeholder(field.column)]
    if not times:
        return rows
    flags = ", ".join(
        f"{_is_placeholder(feed, field, zone)} AS {work.is_placeholder(field.name)}" for field in times
    )
    parsed = [(work.parsed(field.name), field) for field in times]
    emptied = ", ".join(
        f"CASE WHEN NOT {work.is_placeholder(field.name)} THEN {value} END AS {value}"
        for value, field in parsed
    )
    return f"(SELECT * REPLACE ({emptied}) FROM (SELECT *, {flags} FROM {rows}))"


def _is_placeholder(feed: Feed, field: Field, zone: str) -> str:
    """SQL of whether the value of a time field is a placeholder.

    In telephony, where rows last minutes, so is the midnight before the row began.
    """
    moment, value = work.parsed(field.name), sql.name(field.name)
    wall, utc, instant = field_sql.read_columns(field)
    text = "" if field.is_kept_typed else field.text
    shown = [one for one in (wall, utc) if one]
    if text and instant and not field.formats:  # what the clock showed beside its offset
        shown.append(f"CASE WHEN {instant} IS NOT NULL THEN TRY_CAST({text}[:19] AS TIMESTAMP) END")
    clock = f"coalesce({', '.join(shown)})" if shown else ""
    is_placeholder = placeholders.found(value, moment, field.column.type, text, clock)
    table = feed.table
    is_of_minutes = isinstance(table, contract.Entity) and table.domain == "telephony"
    if is_of_minutes and field.column.type == "ts" and table.event_at in feed.mappings:
        start = work.parsed(table.event_at)
        if field.name != table.event_at and not field.column.is_required:
            return f"({is_placeholder} OR {placeholders.midnight_before(moment, start, zone)})"
    return f"({is_placeholder})"


def impossible(feed: Feed, rows: str, bad: str) -> str:
    """SQL of the rules about times that sound rows break, by the words of `possible_times` in dbt."""
    table, filled = feed.table, feed.mappings
    broken: list[tuple[str, str, str]] = []
    for name in filled:
        if name.endswith("_seconds") and name in table.columns:
            value = work.parsed(name)
            broken.append((name, "is negative", f"{value} <= -1"))
            broken.append((name, "is more than a year", f"{value} >= {_YEAR_SECONDS}"))
    for later, earlier in table.order.items():
        for one in earlier:
            if later in filled and one in filled:
                condition = f"{work.parsed(later)} < {work.parsed(one)} - INTERVAL 1 SECOND"
                if later == "ended_at" and "duration_seconds" in filled:
                    condition += f" AND {work.parsed('duration_seconds')} IS NULL"
                broken.append((later, f"lies before {one}", condition))
        if later in filled and later not in _PLANNED:
            condition = f"{work.parsed(later)} > {work.origin('_delivered_at')} + INTERVAL 1 DAY"
            broken.append((later, "lies a day or more after its delivery", condition))
    for name, (since, until) in table.at_most.items():
        if {name, since, until} <= filled.keys():
            span = f"epoch({work.parsed(until)}) - epoch({work.parsed(since)})"
            condition = f"{span} >= 0 AND {work.parsed(name)} > {span} + 1"
            broken.append((name, f"is more than lies between {since} and {until}", condition))
    if not broken:
        return ""
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'column': {sql.text(name)}, 'problem': {sql.text(problem)}}} END"
        for name, problem, condition in broken
    )
    unnested = f"unnest(list_filter([{listed}], lambda x: x IS NOT NULL), recursive := true)"
    return f"SELECT {work.RECORD}, {unnested} FROM {rows} WHERE NOT coalesce({bad}, false)"


def listed_placeholders(fields: Sequence[Field]) -> str:
    """SQL of the names of the fields that hold placeholders, NULL where none does."""
    return field_sql.listed(
        {one.name: work.is_placeholder(one.name) for one in fields if may_be_placeholder(one.column)}
    )
