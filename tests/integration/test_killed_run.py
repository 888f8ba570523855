"""A run that is killed leaves the publication whole, no dbt behind, and a store that says so."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from orchestration import dbt_process, run_store
from orchestration.settings import Home
from tests.integration.conftest import FAULTLINE, Run, contents, started

pytestmark = pytest.mark.integration


def test_killing_a_run_alone_ends_its_dbt_and_leaves_the_publication_whole(
    demo: Run, demo_copy: Callable[[], tuple[Path, Path]]
) -> None:
    """Without it, dbt would write on without the run lock, and Dagster would wait for the dead run for ever."""
    sources, exports = demo_copy()
    home = Home(sources.parent / "home")
    shutil.copytree(demo.home, home.root, symlinks=True)
    before = home.published.readlink(), contents(home.published / "marts.duckdb")
    escalations = exports / "crm" / "escalations.csv"
    escalations.write_bytes(escalations.read_bytes() + b"\n")
    places = ["--sources", str(sources), "--exports", str(exports), "--home", str(home.root)]
    with started([str(FAULTLINE), "run", *places]) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Building" in line:
                break
        while dbt_process.is_home_free(home.dbt_lock):
            assert process.poll() is None, "".join(lines)
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    dbt_process.wait_until_home_is_free(home.dbt_lock)
    assert (home.published.readlink(), contents(home.published / "marts.duckdb")) == before
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        newest = instance.get_run_records(limit=1)[0].dagster_run
        assert newest.status == dg.DagsterRunStatus.STARTED
        assert run_store.settle(instance, home) == [newest.run_id]
