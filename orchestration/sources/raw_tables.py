"""Tables of the raw zone as dbt reads them: those of exports, and those that landing writes of itself."""

from orchestration.sources.contract import MAPPED_SCHEMA, Table

SYSTEM_SCHEMA = "raw_faultline"

SYSTEM_TABLES = {
    "sources": {
        "source_instance": "VARCHAR",
        "centre": "VARCHAR",
        "connector": "VARCHAR",
        "time_zone": "VARCHAR",
        "entity": "VARCHAR",
        "keep": "VARCHAR",
        "derive_escalations": "VARCHAR",
    },
    "deliveries": {
        "delivery_id": "VARCHAR",
        "source_instance": "VARCHAR",
        "centre": "VARCHAR",
        "entity": "VARCHAR",
        "source_file": "VARCHAR",
        "status": "VARCHAR",
        "reason": "VARCHAR",
        "delivered_at": "TIMESTAMP",
        "n_read": "BIGINT",
        "n_landed": "BIGINT",
        "n_filtered": "BIGINT",
        "n_quarantined": "BIGINT",
        "n_columns_missing": "BIGINT",
        "n_columns_extra": "BIGINT",
        "file_set": "VARCHAR",
        "digest": "VARCHAR",
        "n_bytes": "BIGINT",
        "n_lines": "BIGINT",
    },
    "parameters": {"as_of_at": "TIMESTAMP"},
}
# `line` counts records instead where the format has no lines of its own: JSON arrays and Parquet.
QUARANTINE_COLUMNS = {
    "source_instance": "VARCHAR",
    "entity": "VARCHAR",
    "source_file": "VARCHAR",
    "line": "BIGINT",
    "column_name": "VARCHAR",
    "reason": "VARCHAR",
    "masked_value": "VARCHAR",
    "_delivery_id": "VARCHAR",
}
# What a view says beside the rows of its parts, so that who reads a table needs no other.
AS_OF = "_as_of_at"
"""The moment to look from; NULL is the newest event."""
KEEPS_FIRST = "_keeps_first"
"""Whether of several rows of one key the earliest event counts; never NULL."""


def may_keep_first(table: Table) -> bool:
    """Whether a source may say of the table that the earliest of several rows of one key counts."""
    return table.schema == MAPPED_SCHEMA and bool(table.event_at) and table.event_at not in table.key


def view_columns(table: Table) -> dict[str, str]:
    """Columns of the view of a raw table in order, name to DuckDB type."""
    keeps = {KEEPS_FIRST: "BOOLEAN"} if may_keep_first(table) else {}
    return table.landed | {AS_OF: "TIMESTAMP"} | keeps
