"""Row counts and first rows of tables, for people who look at assets in the Dagster UI."""

from typing import Any

import dagster as dg
import duckdb

from orchestration.extract import sql

PREVIEW_ROWS = 5
_MAX_CELL = 80


def preview(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, *, with_count: bool = False
) -> dict[str, Any]:
    """First rows of a table as Markdown metadata, on request with its row count."""
    relation = f"{sql.name(schema)}.{sql.name(table)}"
    cursor = connection.execute(f"SELECT * FROM {relation} LIMIT {PREVIEW_ROWS}")
    names = [column[0] for column in cursor.description or []]
    lines = [_line(names), _line(["---"] * len(names))] + [_line(row) for row in cursor.fetchall()]
    metadata: dict[str, Any] = {"preview": dg.MetadataValue.md("\n".join(lines))}
    if with_count:
        count = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
        metadata["dagster/row_count"] = count
    return metadata


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
