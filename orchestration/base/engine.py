"""Opens DuckDB. No other module does, so that limits, time zone and spill folder hold everywhere."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@dataclass(frozen=True)
class Limits:
    """What a connection may use; the defaults suffice for a query over a few thousand rows.

    Attributes:
        memory: as DuckDB takes it, e.g. `4GB`.
        threads: at least 1.
        scratch: folder to spill to, made on first use; None: a query that needs more memory fails.
    """

    memory: str = "512MB"
    threads: int = 1
    scratch: Path | None = None


SMALL = Limits()


def connect(
    database: Path | None = None, *, limits: Limits = SMALL, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """A connection with limits and times in UTC; without a file, to a database in memory.

    Raises:
        duckdb.Error: the file is missing, locked or no database, or a limit is no number with a unit.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limits.memory,
        "threads": limits.threads,
        # Left alone, DuckDB spills beside the database, or into the folder in which the process was started.
        "temp_directory": "" if limits.scratch is None else str(limits.scratch),
    }
    connection = duckdb.connect(":memory:" if database is None else str(database), read_only, config)
    # A bar of DuckDB's own would break into the lines that a run prints.
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Makes all changes of a block count together, or none of them where it fails."""
    connection.begin()
    try:
        yield
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # the first failure is the one to report
            connection.rollback()
        raise
    connection.commit()


def restrict(connection: duckdb.DuckDBPyConnection, n_bytes: int, threads: int) -> None:
    """Gives an open connection other limits; the folder it spills to stays."""
    connection.execute(f"SET memory_limit = '{n_bytes}B'")
    connection.execute(f"SET threads = {threads}")


@cache
def bytes_of(memory: str) -> int:
    """Bytes in a memory limit; DuckDB itself reads it, once for each limit."""
    with connect(limits=Limits(memory)) as connection:
        found = "SELECT value FROM duckdb_settings() WHERE name = 'memory_limit'"
        number, unit = connection.execute(found).fetchall()[0][0].split()
    return int(float(number) * 1024 ** UNITS.index(unit))
