"""The one function that opens DuckDB."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.base import engine
from orchestration.base.engine import Limits
from tests.conftest import PROJECT

ASKED = "SELECT " + ", ".join(
    f"current_setting('{name}')" for name in ("memory_limit", "threads", "temp_directory", "TimeZone")
)
SPILLING = (
    "SELECT count(*) FROM (SELECT md5(i::VARCHAR) AS key FROM range(2_000_000) AS r(i) ORDER BY key OFFSET 1)"
)


@pytest.mark.parametrize("is_file", [True, False])
def test_a_connection_has_limits_a_place_to_spill_and_utc(tmp_path: Path, is_file: bool) -> None:
    """Without it, one step could take the whole machine, or read times in the zone of the server."""
    limits = Limits("300MiB", 2, tmp_path / "spill")
    with engine.connect(tmp_path / "one.duckdb" if is_file else None, limits=limits) as connection:
        assert connection.execute(ASKED).fetchone() == ("300.0 MiB", 2, str(tmp_path / "spill"), "UTC")


def test_a_query_larger_than_memory_spills_into_its_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a run would fill the folder in which it was started."""
    monkeypatch.chdir(tmp_path)
    with engine.connect(limits=Limits("60MB", scratch=tmp_path / "spill")) as connection:
        assert connection.execute(SPILLING).fetchone() == (1_999_999,)
        assert [path.name for path in tmp_path.iterdir()] == ["spill"]
    with engine.connect(limits=Limits("60MB")) as connection, pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(SPILLING)
    assert not (tmp_path / ".tmp").exists()


def test_no_bar_of_duckdb_breaks_into_what_a_run_prints() -> None:
    """Where a terminal is interactive DuckDB turns its bar on by itself."""
    code = (
        "import sys; from orchestration.base import engine; import duckdb\n"
        "bars = [c.execute(\"SELECT current_setting('enable_progress_bar')\").fetchone()[0]\n"
        "        for c in (duckdb.connect(), engine.connect())]\n"
        "sys.stderr.write(str(bars))"
    )
    terminal, shown = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        stdin=shown,
        stdout=shown,
        stderr=subprocess.PIPE,
        check=True,
    )
    os.close(shown)
    os.close(terminal)
    assert done.stderr.startswith(b"[True, False]"), "the first one shows that the test proves something"


def test_a_file_opened_for_reading_cannot_be_changed(tmp_path: Path) -> None:
    """Without it, a look at the warehouse could change it."""
    engine.connect(tmp_path / "one.duckdb").close()
    with (
        engine.connect(tmp_path / "one.duckdb", read_only=True) as connection,
        pytest.raises(duckdb.InvalidInputException),
    ):
        connection.execute("CREATE TABLE t (i INT)")


@pytest.mark.parametrize(("memory", "n_bytes"), [("4GB", 4_000_000_000), ("512MiB", 512 << 20)])
def test_a_memory_limit_is_read_as_duckdb_reads_it(memory: str, n_bytes: int) -> None:
    """Without it, parts of a limit would not add up to it."""
    assert engine.bytes_of(memory) == pytest.approx(n_bytes, rel=0.05)


def _replace(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    with engine.transaction(connection):
        connection.execute("DROP TABLE t")
        connection.execute(f"CREATE TABLE t AS {query}")


def test_a_transaction_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Without it, a table that was dropped to make room would be gone after a failure."""
    with engine.connect(tmp_path / "one.duckdb") as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS n")
        with pytest.raises(duckdb.CatalogException):
            _replace(connection, "SELECT * FROM nowhere")
        assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
        _replace(connection, "SELECT 2 AS n")
        assert connection.execute("SELECT n FROM t").fetchall() == [(2,)]
