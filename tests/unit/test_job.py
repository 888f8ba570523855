"""The command line runs the job in this process, and keeps its log small."""

import sys
from pathlib import Path

from orchestration import job


def test_the_log_of_the_runs_stays_small(tmp_path: Path) -> None:
    """Without it, the log would grow with every run of the home for ever."""
    log = tmp_path / job.RUN_LOG
    log.write_bytes(b"x" * (job.LOG_BYTES + 1))
    for line in ("first", "second"):
        with job._quiet(log, is_debugging=False):
            sys.stdout.write(f"{line}\n")
    assert log.read_text(encoding="utf-8") == "first\nsecond\n"
    assert log.with_name("run.log.1").stat().st_size == job.LOG_BYTES + 1
