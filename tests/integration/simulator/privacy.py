"""What must be nowhere that people or tools look."""

from collections import Counter
from pathlib import Path

import duckdb

from seeds.simulator.centre.world import CANARIES
from tests.integration.conftest import Run

# Where a run writes; each must have been looked into.
LOOKED_INTO = {"raw", "publications", "logs", "gx", "state", "dagster", "dbt", "warehouse.duckdb"}


def check_no_canary_lands(line: Run, *more: str) -> None:
    """Names, numbers, addresses and texts of the exports stand nowhere in a home: not in what is published,
    nor in quarantine, logs, reports, the raw zone or the warehouse; nor in what the run said.

    `more` names further folders of the home that must have held something.
    """
    seen: Counter[str] = Counter()
    for file in line.home.rglob("*"):
        if file.is_symlink() or not file.is_file():
            continue
        seen[file.relative_to(line.home).parts[0]] += 1
        assert _canaries_in(file) == [], file
    assert {*LOOKED_INTO, *more} <= seen.keys()
    assert [canary for canary in CANARIES if canary in line.output] == []


def _canaries_in(file: Path) -> list[str]:
    """Canaries of a file; what is compressed is read row by row."""
    if file.suffix == ".parquet":
        with duckdb.connect() as connection:
            return _found(connection, f"read_parquet('{file}')")
    if file.suffix == ".duckdb":
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = connection.execute(
                'SELECT format(\'"{}"."{}"\', schema_name, table_name) FROM duckdb_tables()'
            ).fetchall()
            return [canary for (table,) in tables for canary in _found(connection, table)]
    content = file.read_bytes()
    return [canary for canary in CANARIES if canary.encode() in content]


def _found(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    sums = ", ".join(f"count(*) FILTER (contains(CAST(t AS VARCHAR), '{canary}'))" for canary in CANARIES)
    counts = connection.execute(f"SELECT {sums} FROM {relation} AS t").fetchall()[0]
    return [canary for canary, n in zip(CANARIES, counts, strict=True) if n]
