"""The raw zone as DuckDB views: one per contract entity, and what the manifest says as tables."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.extract import contract, landing, sql
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

    Returns:
        Rows of each entity's view, by entity name; an entity nobody delivers has 0.
    """
    manifest = Manifest(home.state)
    sources = list(sources)
    live = [d for d in manifest.live().values() if d.source_instance in {s.instance for s in sources}]
    with duckdb.connect(str(warehouse)) as connection:
        for schema in (MAPPED_SCHEMA, SYSTEM_SCHEMA):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        counts = {}
        for entity in contract.entities().values():
            connection.execute(_view(entity, home, live))
            counts[entity.name] = sum(
                part.n_landed for d in live for part in d.parts if part.entity == entity.name
            )
        _fill(connection, "sources", _source_rows(sources))
        _fill(connection, "deliveries", _delivery_rows(manifest, sources))
        _fill(connection, "parameters", [(as_of,)])
        _expose_quarantine(connection, home, manifest, sources)
    return counts


def _view(entity: contract.Entity, home: Home, live: list[Delivery]) -> str:
    columns = entity.landed
    view = f"{MAPPED_SCHEMA}.{sql.name(entity.name)}"
    paths = [
        str(home.raw / part.path) for d in live for part in d.parts if part.entity == entity.name
    ]
    if not paths:
        empty = ", ".join(f"CAST(NULL AS {t}) AS {sql.name(c)}" for c, t in columns.items())
        return f"CREATE OR REPLACE VIEW {view} AS SELECT {empty} WHERE false"
    typed = ", ".join(f"CAST({sql.name(c)} AS {t}) AS {sql.name(c)}" for c, t in columns.items())
    return (
        f"CREATE OR REPLACE VIEW {view} AS SELECT {typed} "
        f"FROM read_parquet({sql.texts(sorted(paths))}, union_by_name=true)"
    )


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    columns = ", ".join(f"{sql.name(c)} {t}" for c, t in SYSTEM_TABLES[table].items())
    connection.execute(f"CREATE OR REPLACE TABLE {SYSTEM_SCHEMA}.{table} ({columns})")
    if rows:
        marks = ", ".join("?" for _ in SYSTEM_TABLES[table])
        connection.executemany(f"INSERT INTO {SYSTEM_SCHEMA}.{table} VALUES ({marks})", rows)


def _source_rows(sources: list[Source]) -> list[tuple[object, ...]]:
    return [
        (s.instance, s.centre, s.document.connector, s.document.time_zone, entity)
        for s in sources
        for entity in sorted({feed.entity.name for feeds in s.feeds.values() for feed in feeds})
    ]


def _delivery_rows(manifest: Manifest, sources: list[Source]) -> list[tuple[object, ...]]:
    by_name = {s.instance: s for s in sources}
    rows: list[tuple[object, ...]] = []
    for d in manifest.newest().values():
        source = by_name.get(d.source_instance)
        if source is None or d.file_set not in source.feeds:
            continue
        moment = datetime.fromisoformat(d.delivered_at).replace(tzinfo=None)
        head = (d.delivery_id, d.source_instance, source.centre)
        parts = {part.entity: part for part in d.parts}
        for feed in source.feeds[d.file_set]:
            part = parts.get(feed.entity.name)
            counts = (part.n_landed, part.n_filtered, part.n_quarantined + d.n_damaged) if part else (0, 0, 0)
            drift = (len(d.columns_missing), len(d.columns_extra))
            rows.append((*head, feed.entity.name, d.file, d.status, d.reason, moment, d.n_read, *counts, *drift))
    return rows


def _expose_quarantine(
    connection: duckdb.DuckDBPyConnection, home: Home, manifest: Manifest, sources: list[Source]
) -> None:
    instances = {s.instance for s in sources}
    paths = [
        str(home.quarantine / d.quarantine)
        for d in manifest.newest().values()
        if d.quarantine and d.source_instance in instances
    ]
    view = f"CREATE OR REPLACE VIEW {SYSTEM_SCHEMA}.quarantine AS SELECT"
    columns = landing.QUARANTINE_COLUMNS
    if paths:
        typed = ", ".join(f"CAST({sql.name(c)} AS {t}) AS {sql.name(c)}" for c, t in columns.items())
        connection.execute(f"{view} {typed} FROM read_parquet({sql.texts(sorted(paths))})")
    else:
        empty = ", ".join(f"CAST(NULL AS {t}) AS {sql.name(c)}" for c, t in columns.items())
        connection.execute(f"{view} {empty} WHERE false")
