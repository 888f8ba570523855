"""Whole runs of the product, made once and looked at by many tests."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

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


def contents(marts: Path) -> dict[str, tuple[int, int]]:
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


def run_once(temporary: pytest.TempPathFactory, name: str, sources: Path, exports: Path) -> Run:
    """A successful run that the first worker makes and all workers read; no test may change its home."""
    place = temporary.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    home, finished = place / name, place / f"{name}.json"
    with FileLock(place / f"{name}.lock"):
        if not finished.exists():
            done = run(sources, exports, home)
            finished.write_text(json.dumps({"code": done.code, "output": done.output}), encoding="utf-8")
        shared = Run(home, **json.loads(finished.read_text(encoding="utf-8")))
    assert shared.code == 0, shared.output
    return shared


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small centre with files of many kinds, run once. A test that runs commands does so in `demo_home`."""
    return run_once(tmp_path_factory, "demo", DEMO / "sources", DEMO / "exports")


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Run:
    """The two real sources, run once."""
    return run_once(tmp_path_factory, "real", PROJECT / "seeds" / "sources" / "examples", real_data)


@pytest.fixture
def demo_home(demo: Run, tmp_path: Path) -> Path:
    """A copy of the demo's home to run commands in."""
    return Path(shutil.copytree(demo.home, tmp_path / "home", symlinks=True))


def files_of(home: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file below a home, by path; a link counts as a file."""
    found = {}
    for folder, _, names in os.walk(home):
        for name in names:
            state = Path(folder, name).lstat()
            found[os.path.relpath(Path(folder, name), home)] = (state.st_size, state.st_mtime_ns)
    return found


@pytest.fixture(autouse=True)
def shared_homes_stay_as_they_are(request: pytest.FixtureRequest) -> Iterator[None]:
    """Without it, a test could leave a trace in a shared home on which a later test then fails."""
    homes = [request.getfixturevalue(name).home for name in ("demo", "real") if name in request.fixturenames]
    before = [files_of(home) for home in homes]
    yield
    for home, files in zip(homes, before, strict=True):
        changed = sorted(path for path, _ in files.items() ^ files_of(home).items())
        assert not changed, f"the test changed files of {home}, which others read: {changed}"


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
