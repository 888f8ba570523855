"""Row counts and first rows of tables, for people who look at assets in the Dagster UI.

First rows stay in Dagster's store until their run is pruned. So they are shown of tables that are published
or hold figures only, never of exported rows, and without the ids of staff.
"""

from typing import Any

import dagster as dg
import duckdb

from orchestration.base import sql

PREVIEW_ROWS = 5
SHOWN = ("marts", "reference", "coverage", "metrics", "judged")
STAFF = {"agent_id", "owner_id", "changed_by", "evaluator_id", "value"}
"""Columns that may hold the id of an agent, owner or evaluator; `value` does where the owner changed."""
_HIDDEN = "(not shown)"
_MAX_CELL = 80


def preview(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, Any]:
    """Row count of a table, and of those in `SHOWN` the first rows as Markdown, as metadata of an asset."""
    relation = f"{sql.name(schema)}.{sql.name(table)}"
    count = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    metadata: dict[str, Any] = {"dagster/row_count": count}
    if schema not in SHOWN:
        return metadata
    cursor = connection.execute(f"SELECT * FROM {relation} LIMIT {PREVIEW_ROWS}")
    names = [column[0] for column in cursor.description or []]
    hidden = STAFF if schema == "marts" else set()
    rows = [
        [
            _HIDDEN if name in hidden and cell is not None else cell
            for name, cell in zip(names, row, strict=True)
        ]
        for row in cursor.fetchall()
    ]
    lines = [_line(names), _line(["---"] * len(names)), *map(_line, rows)]
    return metadata | {"preview": dg.MetadataValue.md("\n".join(lines))}


def _line(cells: Any) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: object) -> str:
    """A value that cannot break out of a Markdown table or become markup."""
    text = "" if value is None else str(value)
    text = text if len(text) <= _MAX_CELL else text[: _MAX_CELL - 1] + "…"
    for bad, good in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("|", "&#124;"),
        ("`", "&#96;"),
        ("[", "&#91;"),
    ):
        text = text.replace(bad, good)
    return " ".join(text.split())
