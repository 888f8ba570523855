"""A run that is killed leaves the publication whole, no dbt behind, and a store that says so.

FAULTLINE_KILLS=1 kills runs at ten moments of their progress, each time the process group and the process of the
run alone; the twenty take about half an hour. With `-rP`, pytest prints what people read.
"""

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from orchestration.runs import dbt_process, run_store
from orchestration.settings import Home
from tests.integration.conftest import FAULTLINE, Run, contents, run, started, with_something_new
from tests.integration.progress import MOMENTS, Progress

pytestmark = pytest.mark.integration


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


@pytest.fixture(scope="module")
def undisturbed(demo: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """What a run publishes that nobody kills."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = run(*with_something_new(demo, folder))
    assert done.code == 0, done.output
    return contents(done.marts)


@pytest.mark.skipif("FAULTLINE_KILLS" not in os.environ, reason="FAULTLINE_KILLS=1 kills runs at ten moments")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("kill", [os.killpg, os.kill], ids=["group", "parent"])
def test_a_run_killed_at_any_moment_leaves_the_publication_and_the_next_run_heals(
    demo: Run,
    tmp_path: Path,
    undisturbed: dict[str, tuple[int, int]],
    kill: Callable[[int, int], None],
    moment: str,
) -> None:
    """Without it, a power cut could leave half a publication, or a home that no run gets going again."""
    sources, exports, root = with_something_new(demo, tmp_path)
    home = Home(root)
    before = home.published.readlink(), contents(home.published / "marts.duckdb")
    places = ["--sources", str(sources), "--exports", str(exports), "--home", str(home.root)]
    with started([str(FAULTLINE), "run", *places]) as process:
        progress = Progress(process, home)
        try:
            progress.wait(MOMENTS[moment])
        finally:
            kill(process.pid, signal.SIGKILL)
        said = progress.everything_said()
    assert process.returncode == -signal.SIGKILL, said
    left = home.published.readlink(), contents(home.published / "marts.duckdb")
    healed = run(sources, exports, home.root)
    sys.stdout.write(f"Killed at {moment}:\n{said}The next run:\n{healed.output}")
    assert left[1] == (undisturbed if moment == "swapped" else before[1])
    assert healed.code == 0
    after = home.published.readlink(), contents(home.published / "marts.duckdb")
    assert after[1] == undisturbed
    publications = {folder.name for folder in home.publications.iterdir()}
    assert {before[0].name, after[0].name} <= publications
    assert contents(home.publications / before[0].name / "marts.duckdb") == before[1]
    assert not [path for path in home.root.rglob("*") if re.search(r"writing|building", path.name)]
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        statuses = {record.dagster_run.status for record in instance.get_run_records()}
    assert statuses <= {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
