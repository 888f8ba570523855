"""The workspace of a run: its settings and sources, held under a lock from first step to last."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import dagster as dg
import duckdb
from filelock import FileLock, Timeout
from pydantic import Field

from orchestration import settings
from orchestration.base import engine, progress
from orchestration.errors import RunError
from orchestration.runs import dbt_process, run_store
from orchestration.settings import Home, Settings
from orchestration.sources import source_files


class Workspace(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Everything a step needs to know of its place; opening it takes the run lock.

    Every job runs in one process, so a resource lives as long as its run. A second run waits at its
    start and says why. The operating system frees the lock of a run that was killed.
    """

    as_of: str = Field("", description="ISO 8601 time (UTC) to look from; empty: what the settings say")

    @cached_property
    def settings(self) -> Settings:
        """The settings of this process, and the moment that this run was asked to look from.

        Raises:
            orchestration.errors.ConfigurationError: a value does not fit.
        """
        return settings.load(as_of=self.as_of or None)

    @property
    def home(self) -> Home:
        """The folders of the home."""
        return self.settings.paths

    def sources(self) -> list[source_files.Source]:
        """The checked source files.

        Raises:
            orchestration.errors.ConfigurationError: one of them is wrong.
        """
        return source_files.load_folder(self.settings.sources)

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A short-lived connection to the warehouse; no other step may hold one."""
        limits = self.settings.limits
        with engine.connect(self.home.warehouse, limits=limits, read_only=read_only) as connection:
            yield connection

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Workspace"]:
        """Holds the run lock while the run lasts, and puts Dagster's store in order before and after."""
        home, instance = self.home.create(), context.instance
        if instance is None or context.run_id is None:
            with run_lock(home, self.settings.lock_wait_seconds):
                yield self
            return
        run_store.mark_alive(home, context.run_id)
        try:
            with run_lock(home, self.settings.lock_wait_seconds), run_store.kept_open(instance, home):
                run_store.tidy(instance, home, self.settings.kept_runs)
                yield self
        finally:
            run_store.finish(instance, home, context.run_id)


@contextmanager
def run_lock(home: Home, wait_seconds: float) -> Iterator[None]:
    """Lets one run at a time into a home, and waits for what is left of one that was killed.

    Raises:
        RunError: the other run, or dbt of a run that was killed, did not end within `wait_seconds`.
    """
    deadline = time.monotonic() + wait_seconds
    lock = FileLock(home.run_lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say(f"Another run is at work in {home.root}; waiting for it to end.")
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout as error:
            raise RunError(
                f"Another run has held {home.root} for {wait_seconds:.0f} s. Let it end, or raise "
                "FAULTLINE_LOCK_WAIT_SECONDS."
            ) from error
    try:
        _wait_for_dbt(home, max(deadline - time.monotonic(), 0))
        yield
    finally:
        lock.release()


def _wait_for_dbt(home: Home, wait_seconds: float) -> None:
    if dbt_process.is_free(home.dbt_lock):
        return
    progress.say(f"dbt of a run that has ended is still at work in {home.root}; waiting for it to end.")
    if not dbt_process.wait_until_free(home.dbt_lock, wait_seconds):
        raise RunError(
            f"dbt of a run that has ended still writes to {home.root} after {wait_seconds:.0f} s. End it "
            "(`pgrep -f orchestration.runs.dbt_process` lists it), or raise FAULTLINE_LOCK_WAIT_SECONDS, "
            "then run again."
        )
