"""The raw zone as DuckDB views: one per contract entity, and what the manifest says as tables."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.extract import contract, files, landing, sql
from orchestration.extract.manifest import Delivery, Manifest
from orchestration.extract.sources import Source
from orchestration.settings import Home

MAPPED_SCHEMA = "raw_mapped"
SYSTEM_SCHEMA = "raw_faultline"

SYSTEM_TABLES = {
    "sources": {
        "source_instance": "VARCHAR",
        "centre": "VARCHAR",
        "connector": "VARCHAR",
        "time_zone": "VARCHAR",
        "entity": "VARCHAR",
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
    },
    "parameters": {"as_of_at": "TIMESTAMP"},
}


def expose(warehouse: Path, home: Home, sources: Iterable[Source], as_of: datetime | None) -> dict[str, int]:
    """(Re)creates the raw views and system tables in the warehouse.

    What counts is what the source files still mean: deliveries of a file set that was renamed, or
    of files that its glob no longer matches, are left out.

    Returns:
        Rows of each entity's view, by entity name; an entity nobody delivers has 0.
    """
    manifest = Manifest(home.state)
    sources = list(sources)
    live = _meant(manifest.live().values(), sources)
    newest = _meant(manifest.newest().values(), sources)
    with duckdb.connect(str(warehouse)) as connection:
        for schema in (MAPPED_SCHEMA, SYSTEM_SCHEMA):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        counts = {}
        for entity in contract.entities().values():
            parts = [part for d in live for part in d.parts if part.entity == entity.name]
            paths = sorted(home.raw / part.path for part in parts)
            _create_view(connection, f"{MAPPED_SCHEMA}.{sql.name(entity.name)}", entity.landed, paths)
            counts[entity.name] = sum(part.n_landed for part in parts)
        _fill(connection, "sources", _source_rows(sources))
        _fill(connection, "deliveries", _delivery_rows(newest, sources))
        _fill(connection, "parameters", [(as_of,)])
        faults = sorted(home.quarantine / d.quarantine for d in newest if d.quarantine)
        _create_view(connection, f"{SYSTEM_SCHEMA}.quarantine", landing.QUARANTINE_COLUMNS, faults)
    return counts


def _meant(deliveries: Iterable[Delivery], sources: list[Source]) -> list[Delivery]:
    globs = {
        (s.instance, name): files_of.glob for s in sources for name, files_of in s.document.files.items()
    }
    return [
        d
        for d in deliveries
        if (glob := globs.get((d.source_instance, d.file_set))) and files.matches(glob, d.file)
    ]


def _create_view(
    connection: duckdb.DuckDBPyConnection, view: str, columns: dict[str, str], paths: list[Path]
) -> None:
    """A view over the parts; a column that none of them has is NULL."""
    typed = ", ".join(f"CAST({sql.name(c)} AS {t}) AS {sql.name(c)}" for c, t in columns.items())
    empty = ", ".join(f"CAST(NULL AS {t}) AS {sql.name(c)}" for c, t in columns.items())
    rows = f"SELECT {empty} WHERE false"
    if paths:
        parts = f"read_parquet({sql.paths(paths)}, union_by_name=true, hive_partitioning=false)"
        rows = f"SELECT {typed} FROM ({rows} UNION ALL BY NAME SELECT * FROM {parts})"
    connection.execute(f"CREATE OR REPLACE VIEW {view} AS {rows}")


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    columns = SYSTEM_TABLES[table]
    declared = ", ".join(f"{sql.name(c)} {t}" for c, t in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE {SYSTEM_SCHEMA}.{table} ({declared})")
    if rows:
        delivered = pa.table(dict(zip(columns, map(pa.array, zip(*rows, strict=True)), strict=True)))
        connection.register("delivered", delivered)
        connection.execute(f"INSERT INTO {SYSTEM_SCHEMA}.{table} SELECT * FROM delivered")
        connection.unregister("delivered")


def _source_rows(sources: list[Source]) -> list[tuple[object, ...]]:
    return [
        (s.instance, s.centre, s.document.connector, s.document.time_zone, entity)
        for s in sources
        for entity in sorted({feed.entity.name for feeds in s.feeds.values() for feed in feeds})
    ]


def _delivery_rows(deliveries: list[Delivery], sources: list[Source]) -> list[tuple[object, ...]]:
    by_name = {s.instance: s for s in sources}
    rows: list[tuple[object, ...]] = []
    for d in deliveries:
        source = by_name[d.source_instance]
        moment = datetime.fromisoformat(d.delivered_at).replace(tzinfo=None)
        head = (d.delivery_id, d.source_instance, source.centre)
        parts = {part.entity: part for part in d.parts}
        for feed in source.feeds[d.file_set]:
            part = parts.get(feed.entity.name)
            n_faults = part.n_quarantined + d.n_damaged if part else 0
            counts = (part.n_landed, part.n_filtered, n_faults) if part else (0, 0, 0)
            drift = (len(d.columns_missing), len(d.columns_extra))
            rows.append(
                (*head, feed.entity.name, d.file, d.status, d.reason, moment, d.n_read, *counts, *drift)
            )
    return rows
