"""The raw zone as DuckDB views: one per raw table, and what the manifest says as tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.base import engine, sql
from orchestration.base.engine import Limits
from orchestration.landing import files
from orchestration.landing.manifest import DeliveryRecord, Manifest
from orchestration.settings import Home
from orchestration.sources import raw_tables
from orchestration.sources.connectors import bundle
from orchestration.sources.contract import FIRST, Table
from orchestration.sources.source_files import Source

_RETIRED = f"{raw_tables.SYSTEM_SCHEMA}.retired_deliveries"
_NOT_RETIRED = f"_delivery_id NOT IN (SELECT delivery_id FROM {_RETIRED})"
_OF_NEWEST = f"_delivery_id IN (SELECT delivery_id FROM {raw_tables.SYSTEM_SCHEMA}.deliveries)"


@dataclass
class Parts:
    """Parquet files of one raw table, and the ids of deliveries in them whose rows no longer count."""

    paths: list[Path] = field(default_factory=list)
    retired: set[str] = field(default_factory=set)


def expose(
    warehouse: Path,
    home: Home,
    sources: Iterable[Source],
    as_of: datetime | None,
    limits: Limits = engine.SMALL,
    *,
    inputs: str = "",
) -> dict[str, int]:
    """(Re)creates the raw views and system tables in the warehouse, all in one transaction.

    `inputs` is the fingerprint of what the raw zone shows; from now on nothing counts as built from it. What
    counts is what the source files still mean: deliveries of a file set that was renamed, or of files that
    its glob no longer matches, are left out.

    Returns:
        Rows of each raw table, by full name; one that nobody delivers has 0.
    """
    manifest = Manifest(home.state)
    sources = list(sources)
    live = _still_configured(manifest.live().values(), sources)
    newest = _still_configured(manifest.current().values(), sources)
    counts = {table.full_name: 0 for table in bundle.all_tables()}
    for delivery in live:
        for count in delivery.counts:
            counts[count.table] = counts.get(count.table, 0) + count.n_landed
    parts = _parts_with(live, manifest, home.raw)
    retired = set().union(*(found.retired for found in parts.values()))
    with engine.connect(warehouse, limits=limits) as connection, engine.transaction(connection):
        for schema in {raw_tables.SYSTEM_SCHEMA, *(table.schema for table in bundle.all_tables())}:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(f"CREATE OR REPLACE TABLE {_RETIRED} (delivery_id VARCHAR)")
        connection.execute(f"INSERT INTO {_RETIRED} SELECT unnest(?::VARCHAR[])", [sorted(retired)])
        moment = f"TIMESTAMP '{as_of}'" if as_of else "CAST(NULL AS TIMESTAMP)"
        for table in bundle.all_tables():
            found = parts.get(table.full_name, Parts())
            view = f"{table.schema}.{sql.name(table.name)}"
            only = _NOT_RETIRED if found.retired else ""
            further = f"{moment} AS {raw_tables.AS_OF}"
            if raw_tables.may_keep_first(table):
                further += f", {keeps_first(table, sources)} AS {raw_tables.KEEPS_FIRST}"
            rows = f"SELECT *, {further} FROM ({_rows(table.landed, found.paths, only)})"
            connection.execute(f"CREATE OR REPLACE VIEW {view} AS {rows}")
        _fill(connection, "sources", _source_rows(sources))
        _fill(connection, "deliveries", _delivery_rows(newest, sources))
        _fill(connection, "parameters", [(as_of,)])
        paths = sorted(home.quarantine / commit.quarantine for commit in manifest.quarantines_of(newest))
        rows = _rows(raw_tables.QUARANTINE_COLUMNS, paths, _OF_NEWEST)
        connection.execute(f"CREATE OR REPLACE VIEW {raw_tables.SYSTEM_SCHEMA}.quarantine AS {rows}")
        _start_over(connection, inputs)
    return counts


def live_parts(manifest: Manifest, sources: Iterable[Source], raw: Path) -> dict[str, Parts]:
    """The Parquet files below the folder `raw` with rows that count, by full name of their raw table."""
    return _parts_with(_still_configured(manifest.live().values(), list(sources)), manifest, raw)


def _parts_with(deliveries: Iterable[DeliveryRecord], manifest: Manifest, raw: Path) -> dict[str, Parts]:
    live = {delivery.delivery_id for delivery in deliveries}
    found: dict[str, Parts] = {}
    for part in manifest.parts():
        if live & set(part.deliveries):
            parts = found.setdefault(part.table, Parts())
            parts.paths.append(raw / part.path)
            parts.retired.update(set(part.deliveries) - live)
    for parts in found.values():
        parts.paths.sort()
    return found


def _start_over(connection: duckdb.DuckDBPyConnection, inputs: str) -> None:
    """Notes what the raw zone shows; `built` lists what is built from it, which is nothing yet."""
    connection.execute(f"CREATE OR REPLACE TABLE {raw_tables.SYSTEM_SCHEMA}.inputs (inputs VARCHAR)")
    connection.execute(f"INSERT INTO {raw_tables.SYSTEM_SCHEMA}.inputs VALUES (?)", [inputs])
    connection.execute(
        f"CREATE OR REPLACE TABLE {raw_tables.SYSTEM_SCHEMA}.built (schema_name VARCHAR, name VARCHAR)"
    )


def _still_configured(deliveries: Iterable[DeliveryRecord], sources: list[Source]) -> list[DeliveryRecord]:
    globs = {
        (s.instance, name): files_of.glob for s in sources for name, files_of in s.document.files.items()
    }
    return [
        d
        for d in deliveries
        if (glob := globs.get((d.source_instance, d.file_set))) and files.matches(glob, d.file)
    ]


def _rows(columns: dict[str, str], paths: list[Path], only: str) -> str:
    """SQL of the rows of the parts; a column that none of them has is NULL.

    A part may hold rows of deliveries that others have replaced: the condition `only` leaves them out.
    """
    typed = ", ".join(f"CAST({sql.name(c)} AS {t}) AS {sql.name(c)}" for c, t in columns.items())
    empty = ", ".join(f"CAST(NULL AS {t}) AS {sql.name(c)}" for c, t in columns.items())
    rows = f"SELECT {empty} WHERE false"
    if paths:
        parts = f"read_parquet({sql.paths(paths)}, union_by_name=true, hive_partitioning=false)"
        rows = f"SELECT {typed} FROM ({rows} UNION ALL BY NAME SELECT * FROM {parts})"
        rows += f" WHERE {only}" if only else ""
    return rows


def keeps_first(table: Table, sources: list[Source]) -> str:
    """SQL of whether the source of a row keeps the earliest row of a key; the contract decides else."""
    unlike = sorted(
        {
            s.instance
            for s in sources
            for feeds in s.feeds.values()
            for feed in feeds
            if feed.table.full_name == table.full_name and feed.keep not in (None, "", table.keep)
        }
    )
    usual = table.keep == FIRST
    if not unlike:
        return str(usual)
    return f"{sql.is_one_of('source_instance', unlike)} <> {usual}"


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[object, ...]]) -> None:
    columns = raw_tables.SYSTEM_TABLES[table]
    declared = ", ".join(f"{sql.name(c)} {t}" for c, t in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE {raw_tables.SYSTEM_SCHEMA}.{table} ({declared})")
    if rows:
        delivered = pa.table(dict(zip(columns, map(pa.array, zip(*rows, strict=True)), strict=True)))
        connection.register("delivered", delivered)
        connection.execute(f"INSERT INTO {raw_tables.SYSTEM_SCHEMA}.{table} SELECT * FROM delivered")
        connection.unregister("delivered")


def _source_rows(sources: list[Source]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for s in sources:
        # File sets that feed the same entity agree on `keep`.
        fed = {
            e: feed.keep or None
            for feeds in s.feeds.values()
            for feed in feeds
            for e in feed.table.reported_entities
        }
        head = (s.instance, s.centre, s.document.connector, s.document.time_zone)
        derived = s.document.derive_escalations or None
        rows += [(*head, entity, keep, derived) for entity, keep in sorted(fed.items())]
    return rows


def _delivery_rows(deliveries: list[DeliveryRecord], sources: list[Source]) -> list[tuple[object, ...]]:
    by_name = {s.instance: s for s in sources}
    rows: list[tuple[object, ...]] = []
    for d in deliveries:
        source = by_name[d.source_instance]
        moment = datetime.fromisoformat(d.delivered_at).replace(tzinfo=None)
        head = (d.delivery_id, d.source_instance, source.centre)
        found = {count.table: count for count in d.counts}
        for feed in source.feeds[d.file_set]:
            count = found.get(feed.table.full_name)
            n_faults = count.n_quarantined + d.n_damaged if count else 0
            n_read = d.n_read if count is None or not feed.table.rows else count.n_rows + d.n_damaged
            counts = (count.n_landed, count.n_filtered, n_faults) if count else (0, 0, 0)
            tail = (len(d.columns_missing), len(d.columns_extra), d.file_set, d.digest, d.n_bytes, d.n_lines)
            rows += [
                (*head, entity, d.file, d.status, d.reason, moment, n_read, *counts, *tail)
                for entity in feed.table.reported_entities
            ]
    return rows
