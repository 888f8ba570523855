"""Whole runs of the product, made once and looked at by many tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import PROJECT

FAULTLINE = Path(sys.executable).with_name("faultline")
DEMO = PROJECT / "tests" / "fixtures" / "small_centre"


@dataclass(frozen=True)
class Run:
    """One finished `faultline run`."""

    home: Path
    code: int
    output: str

    @property
    def marts(self) -> Path:
        """The published marts."""
        return self.home / "published" / "marts.duckdb"

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Rows of a query over the published marts."""
        with duckdb.connect(str(self.marts), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def one(self, query: str) -> object:
        """The single value of a query over the published marts."""
        return self.rows(query)[0][0]


def plain_environment() -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("FAULTLINE_", "DAGSTER_", "DBT_"))}


def started(command: list[str]) -> subprocess.Popen[str]:
    """A command that runs while its lines, which come as they are written, are read; it waits 10 minutes at most."""
    environment = plain_environment() | {"PYTHONUNBUFFERED": "1", "FAULTLINE_LOCK_WAIT_SECONDS": "600"}
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def faultline(
    *arguments: object, cwd: Path = PROJECT, timeout: int = 600, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a person would, without settings of their own but for the variables."""
    command = [str(FAULTLINE), *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=cwd,
        env=plain_environment() | variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run(sources: Path, exports: Path, home: Path, *more: object) -> Run:
    """One `faultline run` into a home."""
    done = faultline("run", "--sources", sources, "--exports", exports, "--home", home, *more)
    return Run(home, done.returncode, done.stdout + done.stderr)


def contents(marts: Path) -> dict[str, int]:
    """A digest of every published table, independent of the order of its rows.

    The table about the publication is left out: it says when it was built, which is never the same.
    """
    with duckdb.connect(str(marts), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall() if row[0] != "publication"]
        return {
            table: connection.execute(
                f'SELECT coalesce(sum(hash(t)), 0), count(*) FROM "{table}" AS t'
            ).fetchall()[0]
            for table in tables
        }


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small centre with files of many kinds, run once."""
    done = run(DEMO / "sources", DEMO / "exports", tmp_path_factory.mktemp("demo"))
    assert done.code == 0, done.output
    return done


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Run:
    """The two real sources, run once."""
    done = run(PROJECT / "seeds" / "sources" / "examples", real_data, tmp_path_factory.mktemp("real"))
    assert done.code == 0, done.output
    return done


def with_something_new(demo: Run, folder: Path) -> tuple[Path, Path, Path]:
    """Copies sources, exports and home to a folder, and adds a line to an export, so that a run has to build."""
    shutil.copytree(DEMO, folder, dirs_exist_ok=True)
    sources, exports, home = (folder / name for name in ("sources", "exports", "home"))
    shutil.copytree(demo.home, home, symlinks=True)
    escalations = exports / "crm" / "escalations.csv"
    escalations.write_bytes(escalations.read_bytes() + b"\n")
    return sources, exports, home


@pytest.fixture
def demo_copy(tmp_path: Path) -> Callable[[], tuple[Path, Path]]:
    """A copy of its sources and exports to spoil; returns (sources, exports)."""

    def copy() -> tuple[Path, Path]:
        target = tmp_path / "demo"
        shutil.copytree(DEMO, target, dirs_exist_ok=True)
        return target / "sources", target / "exports"

    return copy
