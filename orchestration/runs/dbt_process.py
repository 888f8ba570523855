"""dbt as a process that does not outlive the run that started it, not even a run that is killed.

The process holds a shared lock while it lives: one lock for builds, which write the warehouse, another one
for parsing. A run takes the run lock, and then waits until no dbt process holds the lock of builds; whoever
parses does the same with the locks of parsing. A dbt process that locks too late finds that its run is gone,
and ends before it writes.
"""

import fcntl
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

# Comments, and the first word of a model. What begins with `with recursive` is left to dbt.
_BEGIN = re.compile(r"(?:\s|--[^\n]*\n)*(?P<word>with|select)\b(?!\s+recursive\b)", re.IGNORECASE)
_SECONDS_BETWEEN_LOOKS = 0.2


def main() -> None:
    """Runs dbt: `python -m orchestration.runs.dbt_process RUN_PID LOCK_FILE [ARGUMENT ...]`.

    A RUN_PID of 0 means that nobody waits for dbt: then it runs as if started by hand.
    """
    run_pid, lock_file = int(sys.argv[1]), sys.argv[2]
    sys.argv[1:3] = []
    if run_pid:
        handle = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        _end_without(run_pid)
        threading.Thread(target=_watch, args=(run_pid,), daemon=True).start()
    import dbt.compilation
    from dbt.cli.main import cli

    dbt.compilation.inject_ctes_into_sql = cast("Any", with_inlined(dbt.compilation.inject_ctes_into_sql))
    cli()


def with_inlined(by_dbt: Callable[[str, list[Any]], str]) -> Callable[[str, list[Any]], str]:
    """A function that writes inlined models before a model's own CTEs, as dbt's function `by_dbt` does.

    dbt parses the whole text of each model only to find its first word, which takes a fifth of a build. This
    one reads the first word alone, and leaves SQL that begins with neither `with` nor `select` to dbt.
    """

    def inject(sql: str, ctes: list[Any]) -> str:
        begin = _BEGIN.match(sql)
        if not ctes or begin is None:
            return by_dbt(sql, ctes)
        inlined = ", ".join(cte.sql for cte in ctes)
        if begin["word"].lower() == "with":
            return f"{sql[: begin.end()]}{inlined}, {sql[begin.end() :]}"
        return f"with{inlined} {sql}"

    return inject


def is_free(lock_file: Path) -> bool:
    """Whether no dbt process holds the lock; the caller sees to it that none is started meanwhile."""
    handle = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def wait_until_free(lock_file: Path, wait_seconds: float) -> bool:
    """Waits until no dbt process holds the lock; False if one still does after `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    while not is_free(lock_file):
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, _SECONDS_BETWEEN_LOOKS))
    return True


def _watch(run_pid: int) -> None:
    while True:
        _end_without(run_pid)
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _end_without(run_pid: int) -> None:
    """Kills this process once another one than the run is its parent: the run is gone."""
    if os.getppid() != run_pid:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
