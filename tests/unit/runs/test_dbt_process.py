"""dbt does not outlive the run that started it, and the next run waits for what is left of it."""

import fcntl
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.runs import dbt_process
from orchestration.runs.dbt_project import DBT_EXECUTABLE
from tests.conftest import PROJECT

FAKE_DBT = """
import sys
from pathlib import Path

def cli():
    Path(sys.argv[1]).touch()
    print("at work", *sys.argv[1:], flush=True)
    if "wait" in sys.argv:
        sys.stdin.read()
"""
RUN = """
import os, subprocess, sys
environment = os.environ | {"FAULTLINE_RUN_PID": str(os.getpid())}
subprocess.run([*sys.argv[1:]], env=environment, stdin=0)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables under which a fake dbt stands in for the real one."""
    package = tmp_path / "fake" / "dbt" / "cli"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package.parent / "compilation.py").write_text("inject_ctes_into_sql = None\n")
    (package / "main.py").write_text(FAKE_DBT, encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{tmp_path / 'fake'}:{PROJECT}",
        "FAULTLINE_PYTHON": sys.executable,
        "FAULTLINE_DBT_LOCK": str(tmp_path / "dbt.lock"),
    }


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    assert select.select([process.stdout], [], [], 60)[0], "dbt said nothing within a minute"
    return process.stdout.readline()


def test_dbt_dies_with_a_run_that_is_killed(tmp_path: Path, environment: dict[str, str]) -> None:
    """Without it, dbt would go on writing the warehouse after the run lock is free."""
    marker, lock = tmp_path / "began", tmp_path / "dbt.lock"
    command = [sys.executable, "-c", RUN, str(DBT_EXECUTABLE), str(marker), "wait"]
    reading, writing = os.pipe()  # dbt would wait for its input for ever
    with subprocess.Popen(
        command, env=environment, stdin=reading, stdout=subprocess.PIPE, text=True
    ) as process:
        assert _line(process) == f"at work {marker} wait\n"
        assert not dbt_process.is_free(lock)
        os.kill(process.pid, signal.SIGKILL)
        assert dbt_process.wait_until_free(lock, 60)
        assert _line(process) == ""  # the pipe is closed: no process is left that writes to it
    os.close(reading)
    os.close(writing)


def test_waiting_for_dbt_ends_at_its_limit(tmp_path: Path) -> None:
    """Without it, a dbt process that hangs would hold every later run for ever, without a word."""
    lock = tmp_path / "dbt.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert not dbt_process.wait_until_free(lock, 0.05)
    assert dbt_process.wait_until_free(lock, 0)


def test_dbt_that_comes_late_writes_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    """Without it, a run that is killed while it starts dbt would leave one that nobody waits for."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    marker = tmp_path / "began"
    done = subprocess.run(
        [str(DBT_EXECUTABLE), str(marker)],
        env=environment | {"FAULTLINE_RUN_PID": str(gone.pid)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not marker.exists()


def test_dbt_started_by_hand_needs_no_run(tmp_path: Path, environment: dict[str, str]) -> None:
    marker = tmp_path / "began"
    del environment["FAULTLINE_DBT_LOCK"]
    subprocess.run([str(DBT_EXECUTABLE), str(marker)], env=environment, check=True)
    assert marker.exists()
    assert dbt_process.is_free(tmp_path / "dbt.lock")


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "-- One row per item; with what it costs.\nselect 1 as cost",
        "-- One row per item.\nwith\n    item as (select 1 as a)\n\nselect a from item",
        "\n\n  WITH item AS (select 1 as a) select a from item",
        "with\n    -- Why it is so.\n    item as (select 1 as a)\nselect a from item",
        "with recursive item as (select 1 as a) select a from item",
        "/* One row. */ with item as (select 1 as a) select a from item",
        "(select 1)",
    ],
)
def test_inlined_models_stand_where_dbt_itself_puts_them(sql: str) -> None:
    """However the SQL begins; only white space may differ."""
    from dbt.compilation import inject_ctes_into_sql
    from dbt.contracts.graph.nodes import InjectedCTE

    inlined = [InjectedCTE(id=name, sql=f" {name} as (\nselect 1\n)") for name in ("first", "second")]
    ours = dbt_process.with_inlined(inject_ctes_into_sql)

    assert ours(sql, inlined).split() == inject_ctes_into_sql(sql, inlined).split()
    assert ours(sql, []) == sql


def test_long_sql_is_not_read_to_its_end() -> None:
    """dbt reads all of it, and refuses what has more than ten thousand words."""
    sql = "select " + ", ".join(f"a{number}" for number in range(6000)) + " from item"
    inject = dbt_process.with_inlined(lambda *_: pytest.fail("dbt was asked"))
    inlined = type("Inlined", (), {"sql": " item as (select 1)"})()

    assert inject(sql, [inlined]) == f"with item as (select 1) {sql}"
