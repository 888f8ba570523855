"""Two runs never share a home, and no run waits for another one without a limit or a word."""

import fcntl
import logging
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from orchestration.base import progress
from orchestration.errors import RunError
from orchestration.runs import dbt_project, workspace
from orchestration.settings import Home, Settings, for_parsing


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).create()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What a person reads."""
    caplog.set_level(logging.INFO, progress.LOGGER.name)
    return caplog


def test_dbt_of_a_killed_run_that_does_not_end_stops_the_next_run_with_a_sentence(
    home: Home, log: pytest.LogCaptureFixture
) -> None:
    """Without it, the next run would hang for ever, whatever FAULTLINE_LOCK_WAIT_SECONDS says."""
    with home.dbt_lock.open("w") as dbt:
        fcntl.flock(dbt, fcntl.LOCK_SH)
        with pytest.raises(RunError) as caught, workspace.run_lock(home, 0):
            pytest.fail("the home is not free")
    assert str(caught.value) == (
        f"dbt of a run that has ended still writes to {home.root} after 0 s. End it (`pgrep -f "
        "orchestration.runs.dbt_process` lists it), or raise FAULTLINE_LOCK_WAIT_SECONDS, then run again."
    )
    assert log.messages == [
        f"dbt of a run that has ended is still at work in {home.root}; waiting for it to end."
    ]
    with workspace.run_lock(home, 0):  # the lock was given back
        pass


def test_a_run_goes_on_as_soon_as_dbt_of_a_killed_run_has_ended(home: Home) -> None:
    dbt = home.dbt_lock.open("w")
    fcntl.flock(dbt, fcntl.LOCK_SH)
    end = threading.Timer(0.05, dbt.close)
    end.start()
    with workspace.run_lock(home, 60):
        assert dbt.closed
    end.join()


def test_a_run_does_not_wait_for_a_dbt_that_only_parses(home: Home, log: pytest.LogCaptureFixture) -> None:
    """Without it, the UI that reads the models would pass for a killed run that still writes."""
    parsing = Path(for_parsing(Settings(home=home.root))["FAULTLINE_DBT_LOCK"])
    with parsing.open("w") as dbt:
        fcntl.flock(dbt, fcntl.LOCK_SH)
        with workspace.run_lock(home, 0):
            assert log.messages == []


@pytest.mark.parametrize("name", ["parsing_lock", "dbt_parsing_lock"])
def test_waiting_for_another_process_that_parses_ends_with_a_sentence(home: Home, name: str) -> None:
    """Without it, a second start would wait for ever while the first one reads the models."""
    config = Settings(home=home.root, lock_wait_seconds=0)
    with FileLock(getattr(home, name)), pytest.raises(RunError) as caught:
        dbt_project.prepare(config)
    assert str(caught.value) == (
        f"Another process has been reading the models in {home.dbt} for 0 s. Let it end, or raise "
        "FAULTLINE_LOCK_WAIT_SECONDS, then run again."
    )
