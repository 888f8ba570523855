"""What sends a row to quarantine, as SQL."""

from collections.abc import Container

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.plan import field_sql, lost_digits, time_checks
from orchestration.landing.plan.field_sql import Field
from orchestration.sources.source_files import Feed

WHOLE_RECORD = "(record)"
"""The column of a fault that concerns the whole record."""


_READABLE_TYPES = {
    "ts": "a date and time",
    "date": "a date",
    "int": "a whole number",
    "num": "a number",
    "bool": "yes or no",
}


def codes(fields: list[Field], values: str) -> str:
    """SQL of the name of each field of identifiers in which values with an exponent are codes."""
    found = [
        f"CASE WHEN bool_or({lost_digits.may_be_lost(value)}) AND bool_or({lost_digits.is_code(value)}) "
        f"THEN {sql.text(field.name)} END"
        for field in fields
        if field.column.type == "id"
        for value in (sql.name(field.name),)
    ]
    if not found:
        return "SELECT NULL WHERE false"
    named = f"SELECT unnest([{', '.join(found)}]) AS field FROM {values}"
    return f"SELECT field FROM ({named}) WHERE field IS NOT NULL"


def of_fields(feed: Feed, fields: list[Field], codes: Container[str] = ()) -> list[tuple[str, str, str]]:
    """(field, condition, reason) of everything that sends a row to quarantine."""
    faults: list[tuple[str, str, str]] = []
    for field in fields:
        parsed = work.parsed(field.name)
        if not field.is_sure:
            faults.append((field.name, work.failed(field.name), "the expression fails on this row"))
        if field.column.is_required:
            sure = "" if field.is_sure else f" AND NOT {work.failed(field.name)}"
            faults.append((field.name, f"({field_sql.is_nothing(field)}{sure})", "required value is missing"))
        unread = f"{parsed} IS NULL AND NOT {field_sql.is_nothing(field)}"
        if time_checks.may_be_placeholder(field.column):
            unread += f" AND NOT {work.is_placeholder(field.name)}"
            if field.column.is_required:
                faults.append((field.name, work.is_placeholder(field.name), "a placeholder and no time"))
        if field.column.type in _READABLE_TYPES:
            reason = f"cannot be read as {_READABLE_TYPES[field.column.type]}"
            faults.append((field.name, f"({unread})", reason))
        if field.column.holds_ids:
            value = sql.name(field.name)
            is_lost = lost_digits.is_lost(value, is_exact=field.raw.startswith("DECIMAL"))
            is_number = f" OR {lost_digits.may_be_lost(value)}" if field.column.type == "id" else ""
            if field.name not in codes and is_number:
                is_lost = f"({is_lost}{is_number})"
            faults.append((field.name, lost_digits.where_lost(value, is_lost), lost_digits.LOST))
        if field.name == feed.table.event_at:
            delivery = work.origin("_delivered_at")
            faults.append(
                (field.name, f"coalesce({parsed} > {delivery}, false)", "dated later than its delivery")
            )
    return faults


def masked(column: str) -> str:
    """Shape of a value without its content: letters become x, digits 9, at most 40 characters."""
    if column == WHOLE_RECORD:
        return "''"
    text = f"left(CAST({sql.name(column)} AS VARCHAR), 40)"
    return f"regexp_replace(regexp_replace({text}, '\\p{{L}}', 'x', 'g'), '\\p{{N}}', '9', 'g')"
