"""Runs the main job in this process: the very job that the schedule runs."""

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration.definitions import build_definitions
from orchestration.errors import FaultlineError, RunError
from orchestration.settings import Settings

JOB = "publish_marts"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run(config: Settings, *, is_debugging: bool = False) -> None:
    """Runs the main job under the given settings.

    Raises:
        RunError: a step failed; the message says which and why. The last publication stands.
        orchestration.errors.ConfigurationError: a step found a wrong setting.
    """
    log_file = config.paths.logs / "run.log"
    with (
        dg.DagsterInstance.from_config(str(config.paths.dagster)) as instance,
        _quiet(log_file, is_debugging),
    ):
        job = build_definitions().resolve_job_def(JOB)
        level = "INFO" if is_debugging else "CRITICAL"
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": level}}}},
        )
    if not result.success:
        raise _explained(result, str(log_file))


def _explained(result: dg.ExecuteInProcessResult, log_file: str) -> FaultlineError:
    failures = [event for event in result.all_events if event.is_failure]
    steps = [event for event in failures if event.is_step_failure]
    if steps:
        error = steps[0].step_failure_data.error
        where = f"step {steps[0].step_key}"
    else:
        data = next(
            (e.event_specific_data for e in failures if hasattr(e.event_specific_data, "error")), None
        )
        error = getattr(data, "error", None)
        where = "the run"
    while error is not None and error.cause is not None:
        error = error.cause
    reason = error.message.strip() if error is not None else "unknown reason"
    # dbt's message begins with a command of many lines; what went wrong stands at its end.
    reason = reason.partition("Errors parsed from dbt logs:")[2] or reason
    lines = [line for line in _COLOURS.sub("", reason).splitlines() if line.strip()][:12]
    return RunError(
        f"{where} failed: {chr(10).join(lines)}\n"
        f"The last publication stands. Log: {log_file}; more with --debug."
    )


@contextlib.contextmanager
def _quiet(log_file: Path, is_debugging: bool) -> Iterator[None]:
    """Sends what the tools print to the log file, so that people read our lines only."""
    if is_debugging:
        yield
        return
    with log_file.open("a", encoding="utf-8") as log, contextlib.redirect_stdout(log):
        logging.captureWarnings(True)
        handler = logging.StreamHandler(log)
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)
            logging.captureWarnings(False)
