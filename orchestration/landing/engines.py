"""What a batch is landed with: an engine of its own, and a thread that reads files beside it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration.base.engine import Limits, connect, restrict
from orchestration.landing.people import hashing

if TYPE_CHECKING:  # settings decide nothing about what lands
    from orchestration.settings import Home


class Engine:
    """What a batch is landed with: a database in memory of its own, and a thread that reads files beside it.

    `limits` are the memory in bytes and the threads that it may use when it works alone.
    """

    def __init__(
        self, home: "Home", salt: bytes, scratch: Path, limits: tuple[int, int], staff_ids: hashing.StaffIds
    ) -> None:
        self.home, self.salt, self.scratch, self.staff_ids = home, salt, scratch, staff_ids
        self.memory, self.threads = limits
        self.pool = ThreadPoolExecutor(1)
        self.connection = self._connected()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        connection = connect(limits=Limits(f"{self.memory}B", self.threads, self.scratch))
        hashing.install(connection, self.salt, staff_ids=self.staff_ids)
        return connection

    def limit_to_share(self, n: int) -> None:
        """Takes the n-th part of the machine."""
        restrict(self.connection, self.memory // n, max(1, self.threads // n))

    def reconnect_if_closed(self) -> None:
        """Connects anew where an internal error, which some damaged files cause, has closed the database."""
        try:
            self.connection.execute("SELECT 1")
        except duckdb.FatalException:
            self.connection.close()
            self.connection = self._connected()

    def close(self) -> None:
        """Ends its thread and its database."""
        self.pool.shutdown()
        self.connection.close()
