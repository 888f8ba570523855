"""Dagster's store of runs: settles runs whose process is gone, and deletes old ones.

Each run keeps a file in `state/runs` locked for as long as its process lives. The operating system frees the
lock whatever ends the process, so a file that is not locked proves that its run is over.
"""

import fcntl
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from orchestration.settings import Home

PUBLICATION = dg.AssetKey(["published", "marts"])
START_LIMIT = timedelta(minutes=5)
"""How long a run may take from its launch to its first step, for which it locks its file."""

GONE = (
    "The process of this run is gone: it was killed, or the machine stopped. The last publication stands. "
    "Start the job publish_marts again; it goes on from what has landed."
)
_UNSETTLED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_AT_ONCE = 100
_STARTING = ".starting"
_log = logging.getLogger(__name__)
_held: dict[Path, int] = {}


def mark_alive(home: Home, run_id: str) -> None:
    """Locks the file of a run until this process ends."""
    file = home.runs / run_id
    if file in _held:
        return
    starting = file.with_suffix(_STARTING)
    handle = os.open(starting, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    starting.replace(file)  # named once it is locked: nobody ever sees it unlocked while the process lives
    _held[file] = handle


@contextmanager
def kept_open(instance: dg.DagsterInstance, home: Home) -> Iterator[None]:
    """Keeps Dagster's databases open while a run lasts, which saves seconds of it.

    For each event, Dagster opens, commits to the disk and closes up to three connections, and compiles its
    statements anew. Here a connection lives as long as the run, and commits go to the disk with SQLite's log
    (`synchronous = NORMAL`): a power cut may cost the last events of a run, but leaves no database damaged.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage) or "index_connection" in vars(storage):
        yield
        return
    opened = _Connections(storage)
    storage.run_connection = opened.of_run  # type: ignore[method-assign,assignment]
    storage.index_connection = opened.of_index  # type: ignore[method-assign]
    try:
        with closing(sqlite3.connect(_databases(home)[1])) as runs:
            with suppress(sqlite3.Error):
                runs.execute("SELECT count(*) FROM sqlite_master").fetchall()  # opens its log, too
            yield
    finally:
        del storage.run_connection, storage.index_connection
        opened.close()


class _Connections:
    """Connections to the databases of an event log, each opened when it is first asked for."""

    def __init__(self, storage: SqliteEventLogStorage) -> None:
        self._storage = storage
        self._from_storage = storage.run_connection, storage.index_connection
        self._engines: dict[str, Engine] = {}
        self._lock = threading.RLock()

    @contextmanager
    def of_run(self, run_id: str) -> Iterator[Connection]:
        """A transaction in the events of one run; Dagster makes the database of a new run."""
        with self._lock:
            if run_id not in self._engines:
                with self._from_storage[0](run_id):
                    pass
            with self._begun(run_id) as connection:
                yield connection

    @contextmanager
    def of_index(self) -> Iterator[Connection]:
        """A transaction in the events of all runs."""
        with self._lock, self._begun(INDEX_SHARD_NAME) as connection:
            yield connection

    @contextmanager
    def _begun(self, shard: str) -> Iterator[Connection]:
        if shard not in self._engines:
            opened = partial(_opened, self._storage.path_for_shard(shard))
            self._engines[shard] = create_engine("sqlite://", creator=opened, poolclass=QueuePool)
        with self._engines[shard].connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()


def _opened(file: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=SQLITE_BUSY_TIMEOUT_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def settle(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Ends runs in Dagster's store that no process works on: as failed, or as canceled where that was asked.

    A run that has not come to its first step has no file yet; it counts as gone after `START_LIMIT`.

    Returns:
        Ids of the runs that were settled.
    """
    settled = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNSETTLED)):
        run_id = record.dagster_run.run_id
        if not _is_gone(home.runs / run_id, record):
            continue
        # Read again: the process may have written its end between the query and its exit.
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            continue
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, GONE)
        else:
            instance.report_run_failed(run, GONE)
        drop_planned_checks(instance, run_id)
        settled.append(run_id)
    return settled


def settle_home(home: Home) -> int:
    """Settles the runs of a home from outside of Dagster; returns how many."""
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        return len(settle(instance, home))


def drop_planned_checks(instance: dg.DagsterInstance, run_id: str) -> None:
    """Forgets that a run wanted to execute checks which it never came to; they keep their earlier result.

    Dagster would show each of them as "execution failed" after a failed run, and as skipped after one that
    found nothing new.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return
    executions = AssetCheckExecutionsTable.c
    with storage.index_connection() as connection:
        connection.execute(
            AssetCheckExecutionsTable.delete().where(
                executions.run_id == run_id,
                executions.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value,
            )
        )


def prune(instance: dg.DagsterInstance, home: Home, kept_runs: int) -> int:
    """Deletes finished runs with events, logs and previews, all but the newest and the last that published.

    A store with very many old runs is pruned over several runs, the oldest first, so that none waits long.

    Returns:
        How many runs were deleted.
    """
    records = instance.get_run_records(dg.RunsFilter(statuses=_FINISHED))
    old = [record.dagster_run.run_id for record in records[kept_runs:]]
    published = instance.get_latest_materialization_event(PUBLICATION)
    deleted = [run_id for run_id in old if published is None or run_id != published.run_id][-_AT_ONCE:]
    for run_id in deleted:
        _delete(instance, home, run_id)
    if deleted:
        _shrink(home)
    for file in home.runs.iterdir():
        if file.suffix == _STARTING:  # another run is about to lock it
            continue
        run = instance.get_run_by_id(file.name)
        if (run is None or run.is_finished) and _is_unlocked(file):
            file.unlink(missing_ok=True)
    return len(deleted)


def tidy(instance: dg.DagsterInstance, home: Home, kept_runs: int) -> None:
    """Settles and prunes at the start of a run."""
    with _left_to_the_next_run(home):
        settle(instance, home)
        prune(instance, home, kept_runs)


def finish(instance: dg.DagsterInstance, home: Home, run_id: str) -> None:
    """Drops the checks that a run did not come to, at its end."""
    with _left_to_the_next_run(home):
        drop_planned_checks(instance, run_id)


@contextmanager
def _left_to_the_next_run(home: Home) -> Iterator[None]:
    """What cannot be done now fails no run; a warning in the log says why."""
    try:
        yield
    except (dg.DagsterError, SQLAlchemyError, sqlite3.Error, OSError) as error:
        _log.warning("Dagster's store in %s could not be put in order: %s", home.dagster, error)


def _is_gone(file: Path, record: dg.RunRecord) -> bool:
    if file.exists():
        return _is_unlocked(file)
    if record.dagster_run.status == dg.DagsterRunStatus.NOT_STARTED:
        return False
    return datetime.now(UTC) - record.update_timestamp > START_LIMIT


def _is_unlocked(file: Path) -> bool:
    try:
        handle = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _delete(instance: dg.DagsterInstance, home: Home, run_id: str) -> None:
    """Deletes all that Dagster keeps of a run; `delete_run` leaves files, checks and the last previews."""
    instance.delete_run(run_id)
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        newest = AssetKeyTable.c.last_materialization
        with storage.index_connection() as connection:
            connection.execute(
                AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id == run_id)
            )
            connection.execute(AssetKeyTable.delete().where(newest.contains(run_id)))
    with suppress(NotImplementedError):
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    shutil.rmtree(home.dagster / "storage" / run_id, ignore_errors=True)
    for suffix in ("", "-wal", "-shm"):
        (_events(home) / f"{run_id}.db{suffix}").unlink(missing_ok=True)


def _events(home: Home) -> Path:
    return home.dagster / "history" / "runs"


def _databases(home: Home) -> tuple[Path, Path]:
    """Of the events of all runs, and of the runs."""
    return _events(home) / "index.db", _events(home).with_suffix(".db")


def _shrink(home: Home) -> None:
    """Gives the space of deleted rows back, and overwrites them; a file in use keeps its size this time."""
    for file in _databases(home):
        if file.exists():
            with closing(sqlite3.connect(file, timeout=5)) as connection, suppress(sqlite3.OperationalError):
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
