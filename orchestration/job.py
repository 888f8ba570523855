"""Runs the main job in this process: the very job that the schedule runs."""

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from orchestration.base import failures
from orchestration.definitions import build_definitions
from orchestration.errors import FaultlineError, RunError, UnknownError
from orchestration.runs import run_store
from orchestration.settings import Home, Settings

JOB = "publish_marts"
RUN_LOG = "run.log"
LOG_BYTES = 5_000_000
"""Size at which the log of the runs makes way for a new one; the one before is kept as `run.log.1`."""
_STANDARD_ERROR = 2


def run(config: Settings, *, is_debugging: bool = False) -> None:
    """Runs the main job under the given settings.

    Raises:
        RunError: a step failed; the message says which and why. The last publication stands.
        orchestration.errors.ConfigurationError: a step found a wrong setting.
    """
    log_file = config.paths.logs / RUN_LOG
    try:
        result = _executed(config, log_file, is_debugging)
    except (Exception, KeyboardInterrupt) as error:
        shown = failures.explained(error, config.paths.root)
        if isinstance(shown, UnknownError):
            with log_file.open("a", encoding="utf-8") as log:
                log.write(failures.trace(error))
            raise
        raise _with_outcome(shown, config.paths) from error
    if not result.success:
        raise _explained(result, config.paths)


def _executed(config: Settings, log_file: Path, is_debugging: bool) -> dg.ExecuteInProcessResult:
    run_id = str(uuid4())
    run_store.mark_alive(config.paths, run_id)
    with (
        dg.DagsterInstance.from_config(str(config.paths.dagster)) as instance,
        _quiet(log_file, is_debugging),
        run_store.kept_open(instance, config.paths),
    ):
        job = build_definitions().resolve_job_def(JOB)
        level = "INFO" if is_debugging else "CRITICAL"
        return job.execute_in_process(
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": level}}}},
        )


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
    return _with_outcome(shown, home)


def _links(error: SerializableErrorInfo | None) -> Iterator[failures.Link]:
    while error is not None:
        kind = error.cls_name or "Error"
        # As Python prints an exception: module and class come before the message.
        yield failures.Link(kind, re.sub(rf"^(?:\w+\.)*{re.escape(kind)}: ", "", error.message))
        error = error.cause or error.context


def _with_outcome(shown: FaultlineError, home: Home) -> FaultlineError:
    return type(shown)(f"{str(shown).rstrip('.')}. {_outcome(home)}")


def _outcome(home: Home) -> str:
    return "The last publication stands." if home.published.exists() else "Nothing is published yet."


@contextlib.contextmanager
def _quiet(log_file: Path, is_debugging: bool) -> Iterator[None]:
    """Sends what the tools print to the log file, so that people read our lines only."""
    if is_debugging:
        yield
        return
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_name(f"{log_file.name}.1"))
    with (
        log_file.open("a", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        _errors_to(log.fileno()),
    ):
        logging.captureWarnings(True)
        handler = logging.StreamHandler(log)
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)
            logging.captureWarnings(False)


@contextlib.contextmanager
def _errors_to(target: int) -> Iterator[None]:
    """Redirects standard error below Python: Dagster starts helpers that print a stack trace at Ctrl-C."""
    sys.stderr.flush()
    kept = os.dup(_STANDARD_ERROR)
    os.dup2(target, _STANDARD_ERROR)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, _STANDARD_ERROR)
        os.close(kept)
