"""Dagster's store knows which runs are alive, and does not keep old ones for ever."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from orchestration.runs import run_store
from orchestration.settings import Home

STARTED = dg.DagsterRunStatus.STARTED
HOLDER = """
import sys
from pathlib import Path
from orchestration.runs import run_store
from orchestration.settings import Home
run_store.mark_alive(Home(Path(sys.argv[1])), sys.argv[2])
print("alive", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).create()


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(home.dagster), {"telemetry": {"enabled": False}}) as one:
        yield one


def _add(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> str:
    run_id = str(uuid4())
    instance.add_run(dg.DagsterRun(job_name="publish_marts", run_id=run_id, status=status))
    return run_id


def _status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status


def test_a_run_is_settled_as_soon_as_its_process_is_killed(instance: dg.DagsterInstance, home: Home) -> None:
    """Without it, Dagster would wait for a killed run for ever and start none of the schedule."""
    run_id = _add(instance, STARTED)
    command = [sys.executable, "-c", HOLDER, str(home.root), run_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "alive\n"
        assert run_store.settle(instance, home) == []
        assert _status(instance, run_id) == STARTED
        os.kill(process.pid, signal.SIGKILL)
    assert run_store.settle(instance, home) == [run_id]
    assert _status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    said = [entry.dagster_event.message or "" for entry in instance.all_logs(run_id) if entry.dagster_event]
    assert any("it was killed, or the machine stopped" in text for text in said), said
    assert run_store.settle(instance, home) == []


def test_a_run_that_is_killed_before_it_starts_is_settled(instance: dg.DagsterInstance, home: Home) -> None:
    run_id = _add(instance, dg.DagsterRunStatus.NOT_STARTED)
    (home.runs / run_id).touch()
    assert run_store.settle(instance, home) == [run_id]
    assert _status(instance, run_id) == dg.DagsterRunStatus.FAILURE


def test_a_canceled_run_whose_process_is_gone_ends_as_canceled(
    instance: dg.DagsterInstance, home: Home
) -> None:
    run_id = _add(instance, dg.DagsterRunStatus.CANCELING)
    (home.runs / run_id).touch()
    run_store.settle(instance, home)
    assert _status(instance, run_id) == dg.DagsterRunStatus.CANCELED


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, STARTED])
def test_a_run_that_is_starting_has_time_to_come_to_its_first_step(
    instance: dg.DagsterInstance, home: Home, status: dg.DagsterRunStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a run of the UI would be ended while it still loads its definitions."""
    run_id = _add(instance, status)
    assert run_store.settle(instance, home) == []
    monkeypatch.setattr(run_store, "START_LIMIT", timedelta(seconds=-1))
    assert run_store.settle(instance, home) == [run_id]


def test_runs_that_wait_or_have_ended_are_left_alone(instance: dg.DagsterInstance, home: Home) -> None:
    ids = {s: _add(instance, s) for s in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.SUCCESS)}
    (home.runs / ids[dg.DagsterRunStatus.SUCCESS]).touch()
    assert run_store.settle(instance, home) == []
    assert {status: _status(instance, run_id) for status, run_id in ids.items()} == {s: s for s in ids}


def _job(secret: str, *, passes: bool = True, publishes: bool = False) -> dg.JobDefinition:
    """A job with one asset, whose row stands in its metadata, and one check."""
    key = run_store.PUBLICATION if publishes else dg.AssetKey("cases")

    @dg.asset(key=key, check_specs=[dg.AssetCheckSpec("is_sound", asset=key)], output_required=False)
    def table() -> Iterator[object]:
        if not passes:
            raise RuntimeError("broken before its check")
        yield dg.MaterializeResult(asset_key=key, metadata={"preview": dg.MetadataValue.md(secret)})
        yield dg.AssetCheckResult(asset_key=key, passed=True, metadata={"sample": secret})

    definitions = dg.Definitions(assets=[table], jobs=[dg.define_asset_job("publish_marts")])
    return definitions.resolve_job_def("publish_marts")


def _run(instance: dg.DagsterInstance, secret: str, **how: bool) -> str:
    done = _job(secret, **how).execute_in_process(instance=instance, raise_on_error=False)
    run_store.drop_planned_checks(instance, done.run_id)
    return done.run_id


def test_checks_that_a_run_never_came_to_stay_as_they_were(instance: dg.DagsterInstance) -> None:
    """Without it, one failure would make every check downstream read "execution failed"."""
    key = dg.AssetCheckKey(dg.AssetKey("cases"), "is_sound")
    first = _run(instance, "row")
    _run(instance, "row", passes=False)
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert latest
    assert (latest.run_id, latest.status.value) == (first, "SUCCEEDED")


def _files_that_hold(home: Home, text: str) -> list[str]:
    return [
        path.name for path in home.dagster.rglob("*") if path.is_file() and text.encode() in path.read_bytes()
    ]


def test_old_runs_go_with_everything_about_their_rows(instance: dg.DagsterInstance, home: Home) -> None:
    """Without it, previews of customers' rows would lie in Dagster's store for ever."""
    published = _run(instance, "row-of-the-publication", publishes=True)
    ids = [_run(instance, f"row-number-{n}-of-five") for n in range(5)]
    for run_id in ids:
        (home.runs / run_id).touch()
    (home.dagster / "storage" / ids[0]).mkdir(parents=True, exist_ok=True)
    assert run_store.prune(instance, home, kept_runs=2) == 3
    left = {record.dagster_run.run_id for record in instance.get_run_records()}
    assert left == {published, *ids[3:]}
    for n in range(3):
        assert not _files_that_hold(home, f"row-number-{n}-of-five")
    assert _files_that_hold(home, "row-number-4-of-five")
    assert _files_that_hold(home, "row-of-the-publication")
    assert not list(home.dagster.rglob(f"*{ids[0]}*"))
    assert not list(home.runs.iterdir())
    assert instance.get_latest_materialization_event(run_store.PUBLICATION)


def test_an_asset_that_only_old_runs_made_is_forgotten(instance: dg.DagsterInstance, home: Home) -> None:
    """Without it, the last preview of a table that was renamed would never go."""
    _run(instance, "row-of-a-renamed-table")
    for _ in range(2):
        _run(instance, "row", publishes=True)
    run_store.prune(instance, home, kept_runs=1)
    assert not _files_that_hold(home, "row-of-a-renamed-table")


def test_the_store_stays_bounded(instance: dg.DagsterInstance, home: Home) -> None:
    """Without it, daily runs would fill the disk: 5 MB a run."""
    sizes = []
    for n in range(12):
        run_store.tidy(instance, home, kept_runs=3)
        _run(instance, f"{n:02}" * 100_000)
        sizes.append(sum(path.stat().st_size for path in home.dagster.rglob("*") if path.is_file()))
    assert max(sizes[6:]) <= 1.2 * max(sizes[3:6])


@pytest.mark.parametrize(
    "kind", [OSError, sqlite3.OperationalError, SQLAlchemyError, dg.DagsterInvariantViolationError]
)
def test_a_store_that_is_in_use_fails_no_run(
    instance: dg.DagsterInstance,
    home: Home,
    kind: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def busy(*_: object) -> None:
        raise kind("No space left on device")

    monkeypatch.setattr(run_store, "settle", busy)
    monkeypatch.setattr(run_store, "drop_planned_checks", busy)
    run_store.tidy(instance, home, kept_runs=1)
    run_store.finish(instance, home, "run")
    assert caplog.text.count("No space left on device") == 2


def test_a_store_of_many_old_runs_is_pruned_bit_by_bit(
    instance: dg.DagsterInstance, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, the first run after an update would clean up for minutes before it begins."""
    monkeypatch.setattr(run_store, "_AT_ONCE", 2)
    ids = [_add(instance, dg.DagsterRunStatus.SUCCESS) for _ in range(6)]
    assert [run_store.prune(instance, home, kept_runs=3) for _ in range(3)] == [2, 1, 0]
    assert {record.dagster_run.run_id for record in instance.get_run_records()} == set(ids[3:])


PRIVATE = {
    "asset_check_executions": {"run_id", "execution_status", "asset_key", "check_name"},
    "asset_keys": {"asset_key", "last_materialization"},
}
"""Tables and columns of Dagster's index of events that `run_store` deletes from by itself."""


def test_dagster_keeps_its_private_tables_as_the_store_of_runs_knows_them(
    instance: dg.DagsterInstance, home: Home
) -> None:
    """Without it, an update of Dagster could leave previews and planned checks behind without a word."""
    _job("row", passes=False).execute_in_process(instance=instance, raise_on_error=False)
    run_id = _job("row").execute_in_process(instance=instance).run_id
    advice = (
        f"Dagster {version('dagster')} changed what run_store relies on. Adapt `_delete`, `_shrink` and "
        "`drop_planned_checks` in orchestration/runs/run_store.py: "
    )
    folder = home.dagster / "history" / "runs"
    for file in (folder / "index.db", folder / f"{run_id}.db", folder.with_suffix(".db")):
        assert file.exists(), f"{advice}{file.relative_to(home.dagster)} is gone"
    with closing(sqlite3.connect(folder / "index.db")) as store:
        for table, columns in PRIVATE.items():
            known = {row[1] for row in store.execute(f"PRAGMA table_info({table})")}
            assert columns <= known, f"{advice}{table} has the columns {sorted(known)}"
        statuses = {row[0] for row in store.execute("SELECT execution_status FROM asset_check_executions")}
        assert statuses == {"PLANNED", "SUCCEEDED"}, f"{advice}checks have the statuses {statuses}"
        (newest,) = store.execute("SELECT last_materialization FROM asset_keys").fetchone()
        assert run_id in newest, f"{advice}asset_keys.last_materialization does not name its run"
        holding = {
            table
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            if run_id in str(store.execute(f'SELECT * FROM "{table}"').fetchall())
        }
    known_tables = {"event_logs", *PRIVATE}
    assert holding <= known_tables, f"{advice}{sorted(holding - known_tables)} name runs as well"


def test_connections_that_stay_open_lose_no_events_and_let_old_runs_go(
    instance: dg.DagsterInstance, home: Home
) -> None:
    """Without it, faster writing could cost the history of runs, or keep previews of old ones."""
    old = _run(instance, "row-of-an-old-run")
    with run_store.kept_open(instance, home), run_store.kept_open(instance, home):
        with instance.event_log_storage.index_connection() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        run_ids = [_run(instance, f"row-{n}", publishes=True) for n in range(2)]
        run_store.prune(instance, home, kept_runs=2)
        assert instance.all_logs(old) == []
    with instance.event_log_storage.index_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert not _files_that_hold(home, "row-of-an-old-run")
    for run_id in run_ids:
        assert instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    newest = instance.get_latest_materialization_event(run_store.PUBLICATION)
    assert newest
    assert newest.run_id == run_ids[-1]


def test_several_threads_use_the_connections_that_stay_open(instance: dg.DagsterInstance, home: Home) -> None:
    """Without it, Dagster's own threads could not look at the events of a run that is at work."""
    with run_store.kept_open(instance, home), ThreadPoolExecutor(4) as pool:
        run_ids = [_run(instance, f"row-{n}") for n in range(3)]
        n_events = list(pool.map(lambda run_id: len(instance.all_logs(run_id)), run_ids * 8))
    assert n_events == [len(instance.all_logs(run_id)) for run_id in run_ids] * 8
