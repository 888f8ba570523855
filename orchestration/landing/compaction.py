"""Compaction: many small parts of a raw table become few, without changing a row.

The new part is written beside the old ones; one line of the manifest puts it in their place. Readers of the
raw zone get there through views, which are made anew whenever something was landed.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.base import durable, sql
from orchestration.errors import RunError
from orchestration.landing.manifest import Commit, Manifest, Part
from orchestration.settings import Home

MAX_SMALL_PARTS = 64
"""How many small parts a table may have before they are put together."""
SMALL_PART_BYTES = 32_000_000
PART_BYTES = 256_000_000
"""About how large a part becomes at most by compaction."""


def compact(connection: duckdb.DuckDBPyConnection, home: Home, manifest: Manifest, options: str) -> None:
    """Puts the small parts of every table together where there are too many; `options` are those of COPY.

    Raises:
        RunError: a new part holds other rows than the old ones; the old ones stay.
    """
    live = {delivery.delivery_id for delivery in manifest.live().values()}
    by_table: dict[str, list[Part]] = {}
    for part in manifest.parts():
        if part.n_bytes < SMALL_PART_BYTES and live.intersection(part.deliveries):
            by_table.setdefault(part.table, []).append(part)
    for parts in by_table.values():
        if len(parts) > MAX_SMALL_PARTS:
            for group in _groups(parts):
                merged = _merged(connection, home.raw, group, live, options)
                manifest.append(Commit(parts=(merged,), removed=tuple(part.path for part in group)))
                for part in group:
                    (home.raw / part.path).unlink(missing_ok=True)


def _groups(parts: list[Part]) -> Iterator[list[Part]]:
    """Parts in order, cut into groups of several that are not too large together."""
    group: list[Part] = []
    for part in parts:
        if group and sum(one.n_bytes for one in group) + part.n_bytes > PART_BYTES:
            yield group
            group = []
        group.append(part)
    if len(group) > 1:
        yield group


def _merged(
    connection: duckdb.DuckDBPyConnection, raw: Path, parts: list[Part], live: set[str], options: str
) -> Part:
    kept = tuple(one for part in parts for one in part.deliveries if one in live)
    dead = [one for part in parts for one in part.deliveries if one not in live]
    digest = hashlib.sha256("\0".join(part.path for part in parts).encode()).hexdigest()[:20]
    path = f"{parts[0].path.rpartition('/')[0]}/compacted-{digest}.parquet"
    writing = raw / f"{path}.writing"
    paths = sql.paths(raw / part.path for part in parts)
    rows = f"SELECT * FROM read_parquet({paths}, union_by_name=true, hive_partitioning=false)"
    if dead:
        rows += f" WHERE NOT list_contains({sql.texts(dead)}, _delivery_id)"
    (n_rows,) = connection.execute(f"COPY ({rows}) TO {sql.text(str(writing))} ({options})").fetchall()[0]
    if not dead and n_rows != sum(part.n_rows for part in parts):
        raise RunError(f"{parts[0].table}: compaction would change the number of rows; nothing was changed.")
    n_bytes = writing.stat().st_size
    durable.put_in_place(writing, raw / path)
    return Part(parts[0].table, path, n_rows, n_bytes, kept)
