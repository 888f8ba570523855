"""Two starts into one home, by every pair of ways: one works, the other one waits, both end well.

Each pair takes about a minute, so they run only on request: `FAULTLINE_STARTS=1`. With `-rP`, pytest prints what
people read. `run` is the command line; `job` is the job publish_marts in the UI; `all` is "Materialize all".
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement, pairwise, product
from pathlib import Path

import dagster as dg
import psutil
import pytest

from orchestration.runs import dbt_process
from orchestration.settings import Home
from tests.integration.conftest import DEMO, FAULTLINE, Run, plain_environment
from tests.integration.dagster_ui import Ui, serving

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        "FAULTLINE_STARTS" not in os.environ, reason="FAULTLINE_STARTS=1 runs all pairs of starts"
    ),
]

WAYS = ("run", "job", "all")
MOST_SECONDS = 900
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


class Place:
    """A home with a publication, its exports, and a UI that serves it."""

    def __init__(self, folder: Path, ui: Ui, instance: dg.DagsterInstance) -> None:
        self.home = Home(folder / "home")
        self.exports, self.sources = folder / "exports", folder / "sources"
        self.ui, self.instance = ui, instance
        self.known = {record.dagster_run.run_id for record in instance.get_run_records()}
        self.commands: list[subprocess.Popen[str]] = []

    def deliver(self, name: str) -> None:
        """Adds an escalation to the exports, so that a run has something to publish."""
        file = self.exports / "crm" / "escalations.csv"
        last = file.read_bytes().splitlines(keepends=True)[-1]
        file.write_bytes(file.read_bytes() + last.replace(last.partition(b",")[0], name.encode(), 1))

    def start(self, way: str) -> None:
        """Starts a run without waiting for it."""
        if way != "run":
            self.ui.launch(everything=way == "all")
            return
        places = ["--sources", self.sources, "--exports", self.exports, "--home", self.home.root]
        self.commands.append(
            subprocess.Popen(
                [str(FAULTLINE), "run", *map(str, places)],
                env=plain_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
        )  # fmt: skip

    def runs(self) -> list[dg.DagsterRun]:
        """The runs that this test started, as Dagster's store lists them."""
        runs = [record.dagster_run for record in self.instance.get_run_records()]
        return [run for run in runs if run.run_id not in self.known]

    def wait(self, condition: Callable[[], object]) -> None:
        """Returns once a condition holds."""
        deadline = time.monotonic() + MOST_SECONDS
        while not condition():
            assert time.monotonic() < deadline, [(run.job_name, run.status) for run in self.runs()]
            time.sleep(0.2)

    def wait_until_dbt_builds(self) -> None:
        """Returns once a run is in the middle of its work."""
        self.wait(lambda: not dbt_process.is_free(self.home.dbt_lock))

    def wait_until_all_ended(self, n: int) -> None:
        """Returns once `n` runs have been started and have ended; prints what they said."""
        self.wait(lambda: len(self.runs()) == n and all(run.status in ENDED for run in self.runs()))
        for command in self.commands:
            said, _ = command.communicate(timeout=60)
            sys.stdout.write(f"The command line ended with {command.returncode}:\n{said}")
            assert command.returncode == 0
            assert "Traceback" not in said
        for run in self.runs():
            sys.stdout.write(f"{run.job_name} ended with {run.status.value}, steps {self._steps(run)}\n")

    def _steps(self, run: dg.DagsterRun) -> tuple[float, float]:
        """When the steps of a run began and ended, in seconds since 1970."""
        moments = [
            stats.start_time for stats in self.instance.get_run_step_stats(run.run_id) if stats.start_time
        ] + [stats.end_time for stats in self.instance.get_run_step_stats(run.run_id) if stats.end_time]
        return (min(moments), max(moments)) if moments else (0, 0)

    def published(self) -> tuple[int, int]:
        """Number of the publication, and how many escalations it was made of."""
        query = "SELECT sum(n_received)::int FROM mart_source_health WHERE entity = 'escalations'"
        number, _, _ = self.home.published.readlink().name.partition("-")
        return int(number), int(str(Run(self.home.root, 0, "").one(query)))

    def require_one_publication_after(self, before: tuple[int, int]) -> None:
        """Fails unless one run published the escalation that was delivered, and the other one nothing."""
        assert self.published() == (before[0] + 1, before[1] + 1)
        assert {run.status for run in self.runs()} == {dg.DagsterRunStatus.SUCCESS}
        spans = sorted(self._steps(run) for run in self.runs())
        assert all(one[1] <= other[0] for one, other in pairwise(spans)), f"both were at work: {spans}"


@pytest.fixture(scope="module")
def folder(demo: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("starts")
    shutil.copytree(DEMO, folder, dirs_exist_ok=True)
    shutil.copytree(demo.home, folder / "home", symlinks=True)
    return folder


@pytest.fixture(scope="module")
def ui(folder: Path) -> Iterator[Ui]:
    with serving(folder, "--home", "home", "--sources", "sources", "--exports", "exports") as ui:
        yield ui


@pytest.fixture
def place(folder: Path, ui: Ui) -> Iterator[Place]:
    with dg.DagsterInstance.from_config(str(folder / "home" / "dagster")) as instance:
        yield Place(folder, ui, instance)


@pytest.mark.parametrize("ways", combinations_with_replacement(WAYS, 2), ids="-".join)
def test_two_starts_at_the_same_moment_publish_once(place: Place, ways: tuple[str, str]) -> None:
    """Without it, two runs would write one warehouse, or the second one would publish half of the first."""
    before = place.published()
    place.deliver(f"E-{'-'.join(ways)}")
    for way in ways:
        place.start(way)
    place.wait_until_all_ended(2)
    place.require_one_publication_after(before)


@pytest.mark.parametrize("ways", product(WAYS, repeat=2), ids="-".join)
def test_a_start_while_another_run_builds_waits_for_it(place: Place, ways: tuple[str, str]) -> None:
    before = place.published()
    place.deliver(f"E-{'-then-'.join(ways)}")
    place.start(ways[0])
    place.wait_until_dbt_builds()
    place.start(ways[1])
    place.wait_until_all_ended(2)
    place.require_one_publication_after(before)


@pytest.mark.parametrize("waiting", ["job", "all"])
def test_a_run_that_waits_in_the_queue_starts_after_the_one_before_was_killed(
    place: Place, waiting: str
) -> None:
    """Without it, one killed run would stop the daily schedule for ever."""
    before = place.published()
    place.deliver(f"E-killed-before-{waiting}")
    place.start("job")
    place.wait_until_dbt_builds()
    (run,) = place.runs()
    place.start(waiting)
    lock = str(place.home.runs / run.run_id)  # held open by the process of the run
    pids = [one.pid for one in psutil.process_iter(["open_files"]) if lock in _paths(one)]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    place.wait(lambda: len(place.runs()) == 2 and all(run.status in ENDED for run in place.runs()))
    statuses = {one.run_id: one.status for one in place.runs()}
    assert statuses.pop(run.run_id) == dg.DagsterRunStatus.FAILURE
    assert list(statuses.values()) == [dg.DagsterRunStatus.SUCCESS]
    assert place.published() == (before[0] + 1, before[1] + 1)


def _paths(process: psutil.Process) -> list[str]:
    return [file.path for file in process.info["open_files"] or ()]
