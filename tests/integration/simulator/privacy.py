"""What must be nowhere that people or tools look."""

from collections import Counter
from collections.abc import Sequence
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
    assert places_that_hold(line.home, CANARIES, *more) == []
    assert [canary for canary in CANARIES if canary in line.output] == []


def places_that_hold(home: Path, secrets: Sequence[str], *more: str) -> list[tuple[str, str]]:
    """Files of a home with one of the secrets; every folder that a run writes to must have been looked into."""
    seen: Counter[str] = Counter()
    found = []
    for file in home.rglob("*"):
        if file.is_symlink() or not file.is_file():
            continue
        seen[file.relative_to(home).parts[0]] += 1
        found += [(file.relative_to(home).as_posix(), secret) for secret in _secrets_in(file, secrets)]
    assert {*LOOKED_INTO, *more} <= seen.keys()
    return found


def _secrets_in(file: Path, secrets: Sequence[str]) -> list[str]:
    """Secrets of a file; what is compressed is read row by row."""
    if file.suffix == ".parquet":
        with duckdb.connect() as connection:
            return _found(connection, f"read_parquet('{file}')", secrets)
    if file.suffix == ".duckdb":
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = connection.execute(
                'SELECT format(\'"{}"."{}"\', schema_name, table_name) FROM duckdb_tables()'
            ).fetchall()
            return [secret for (table,) in tables for secret in _found(connection, table, secrets)]
    content = file.read_bytes()
    return [secret for secret in secrets if secret.encode() in content]


def _found(connection: duckdb.DuckDBPyConnection, relation: str, secrets: Sequence[str]) -> list[str]:
    sums = ", ".join(f"count(*) FILTER (contains(CAST(t AS VARCHAR), '{secret}'))" for secret in secrets)
    counts = connection.execute(f"SELECT {sums} FROM {relation} AS t").fetchall()[0]
    return [secret for secret, n in zip(secrets, counts, strict=True) if n]
