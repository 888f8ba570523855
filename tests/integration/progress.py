"""How far a run that is at work has come, so that tests disturb it at moments of its progress."""

import re
import subprocess
import threading
import time
from collections.abc import Callable

from orchestration.runs import dbt_process
from orchestration.settings import Home

MOST_SECONDS = 600


class Progress:
    """What a run has printed, written and swapped so far."""

    def __init__(self, process: subprocess.Popen[str], home: Home) -> None:
        self.process, self.home = process, home
        self.said: list[str] = []
        self.published = home.published.readlink()
        self._log = home.dbt / "target" / "dbt.log"
        self._logged = self._log.stat().st_size
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.said.extend(iter(self.process.stdout.readline, ""))

    def has_said(self, text: str, times: int = 1) -> bool:
        return sum(text in line for line in list(self.said)) >= times

    def has_built(self, n: int) -> bool:
        """Whether dbt has built and tested that many models, seeds and tests in this run."""
        with self._log.open("rb") as log:
            log.seek(self._logged)
            return len(re.findall(rb"\bLog(?:Model|Seed|Test)Result\b", log.read())) >= n

    def is_building_marts(self) -> bool:
        return any(self.home.publications.glob(".building-*/*.duckdb"))

    def has_swapped(self) -> bool:
        return self.home.published.readlink() != self.published

    def wait(self, condition: Callable[["Progress"], bool]) -> None:
        """Returns once a condition holds; the run must not end before."""
        deadline = time.monotonic() + MOST_SECONDS
        while not condition(self):
            assert self.process.poll() is None, "".join(self.said)
            assert time.monotonic() < deadline, "".join(self.said)
            time.sleep(0.005)

    def everything_said(self) -> str:
        """Waits until every process that the run started has let go of its output."""
        self._reader.join(MOST_SECONDS)
        assert not self._reader.is_alive(), "a process outlived the run"
        return "".join(self.said)


MOMENTS: dict[str, Callable[[Progress], bool]] = {
    "looking": lambda run: run.has_said("Looking for new exports"),
    "landed": lambda run: run.has_said("Landed"),
    "building": lambda run: run.has_said("Building"),
    "dbt_at_work": lambda run: not dbt_process.is_free(run.home.dbt_lock),
    "few_models_built": lambda run: run.has_built(20),
    "many_models_built": lambda run: run.has_built(150),
    "judging": lambda run: run.has_said("Judging"),
    "building_again": lambda run: run.has_said("Building", times=2),
    "publishing": lambda run: run.is_building_marts(),
    "swapped": lambda run: run.has_swapped(),
}
