"""Runs the main job in this process: the very job that the schedule runs."""

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from orchestration import failures
from orchestration.definitions import build_definitions
from orchestration.errors import FaultlineError, RunError, UnknownError
from orchestration.settings import Home, Settings

JOB = "publish_marts"
RUN_LOG = "run.log"


def run(config: Settings, *, is_debugging: bool = False) -> None:
    """Runs the main job under the given settings.

    Raises:
        RunError: a step failed; the message says which and why. The last publication stands.
        orchestration.errors.ConfigurationError: a step found a wrong setting.
    """
    log_file = config.paths.logs / RUN_LOG
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
        raise _explained(result, config.paths)


def _explained(result: dg.ExecuteInProcessResult, home: Home) -> FaultlineError:
    failed = [event for event in result.all_events if event.is_failure]
    steps = [event for event in failed if event.is_step_failure]
    if steps:
        error, where = steps[0].step_failure_data.error, f"Step {steps[0].step_key}"
    else:
        data = next((e.event_specific_data for e in failed if hasattr(e.event_specific_data, "error")), None)
        error, where = getattr(data, "error", None), "The run"
    shown = failures.of_chain(list(_links(error)), home.root)
    if isinstance(shown, UnknownError):
        return RunError(
            f"{where} failed: {shown}\n{_outcome(home)} Log: {home.logs / RUN_LOG}; more with --debug."
        )
    return type(shown)(f"{shown} {_outcome(home)}")


def _links(error: SerializableErrorInfo | None) -> Iterator[failures.Link]:
    while error is not None:
        kind = error.cls_name or "Error"
        # As Python prints an exception: module and class come before the message.
        yield failures.Link(kind, re.sub(rf"^(?:\w+\.)*{re.escape(kind)}: ", "", error.message))
        error = error.cause or error.context


def _outcome(home: Home) -> str:
    return "The last publication stands." if home.published.exists() else "Nothing is published yet."


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
