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
