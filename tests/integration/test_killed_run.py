"""A run that is killed leaves the publication whole, no dbt behind, and a store that says so.

FAULTLINE_KILLS says at how many moments, spread over the time of a run, its process group is killed, and the
process of the run alone; ten take about half an hour. With `-rP`, pytest prints what people read.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from orchestration import dbt_process, run_store
from orchestration.settings import Home
from tests.integration.conftest import FAULTLINE, Run, contents, run, started, with_something_new

pytestmark = pytest.mark.integration

N_KILLS = int(os.environ.get("FAULTLINE_KILLS", "0"))


def test_killing_a_run_alone_ends_its_dbt_and_leaves_the_publication_whole(demo: Run, tmp_path: Path) -> None:
    """Without it, dbt would write on without the run lock, and Dagster would wait for the dead run for ever."""
    sources, exports, root = with_something_new(demo, tmp_path)
    home = Home(root)
    before = home.published.readlink(), contents(home.published / "marts.duckdb")
    places = ["--sources", str(sources), "--exports", str(exports), "--home", str(home.root)]
    with started([str(FAULTLINE), "run", *places]) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Building" in line:
                break
        while dbt_process.is_free(home.dbt_lock):
            assert process.poll() is None, "".join(lines)
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    assert dbt_process.wait_until_free(home.dbt_lock, 60)
    assert (home.published.readlink(), contents(home.published / "marts.duckdb")) == before
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        newest = instance.get_run_records(limit=1)[0].dagster_run
        assert newest.status == dg.DagsterRunStatus.STARTED
        assert run_store.settle(instance, home) == [newest.run_id]


@dataclass(frozen=True)
class Undisturbed:
    """A run that nobody kills: how long it takes, and what it publishes."""

    seconds: float
    contents: dict[str, int]


@pytest.fixture(scope="module")
def undisturbed(demo: Run, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    sources, exports, home = with_something_new(demo, folder)
    began = time.monotonic()
    done = run(sources, exports, home)
    assert done.code == 0, done.output
    return Undisturbed(time.monotonic() - began, contents(done.marts))


@pytest.mark.skipif(N_KILLS == 0, reason="FAULTLINE_KILLS=10 kills runs at ten moments")
@pytest.mark.parametrize("moment", range(N_KILLS))
@pytest.mark.parametrize("kill", [os.killpg, os.kill], ids=["group", "parent"])
def test_a_run_killed_at_any_moment_leaves_the_publication_and_the_next_run_heals(
    demo: Run, tmp_path: Path, undisturbed: Undisturbed, kill: Callable[[int, int], None], moment: int
) -> None:
    sources, exports, root = with_something_new(demo, tmp_path)
    home = Home(root)
    before = home.published.readlink(), contents(home.published / "marts.duckdb")
    seconds = undisturbed.seconds * (2 * moment + 1) / (2 * N_KILLS)
    places = ["--sources", str(sources), "--exports", str(exports), "--home", str(home.root)]
    with started([str(FAULTLINE), "run", *places]) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill(process.pid, signal.SIGKILL)
            said, _ = process.communicate(timeout=60)  # every process that the run started lets go of it
    stands = contents(home.published / "marts.duckdb")
    healed = run(sources, exports, home.root)
    sys.stdout.write(f"Killed after {seconds:.1f} s:\n{said}The next run:\n{healed.output}")
    assert stands in (before[1], undisturbed.contents)
    assert healed.code == 0
    after = home.published.readlink(), contents(home.published / "marts.duckdb")
    assert after[1] == undisturbed.contents
    assert process.returncode == -signal.SIGKILL or "Published" in said
    publications = {folder.name for folder in home.publications.iterdir()}
    assert {before[0].name, after[0].name} <= publications
    assert contents(home.publications / before[0].name / "marts.duckdb") == before[1]
    assert not [path for path in home.root.rglob("*") if re.search(r"writing|building", path.name)]
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        statuses = {record.dagster_run.status for record in instance.get_run_records()}
    assert statuses <= {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    if process.returncode != -signal.SIGKILL:
        pytest.skip(f"the run ended before {seconds:.1f} s had gone by, so nothing was killed")
