"""What a person sees when something is wrong, and what stays standing."""

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import psutil
import pytest
from filelock import FileLock

from tests.integration.conftest import (
    DEMO,
    FAULTLINE,
    Run,
    contents,
    faultline,
    run,
    started,
    with_something_new,
)
from tests.integration.dagster_ui import LOCATION, Ui, free_port, serving
from tests.some_settings import some_settings

pytestmark = pytest.mark.integration

DEMO_PLACES = ("--sources", DEMO / "sources", "--exports", DEMO / "exports")
Copy = Callable[[], tuple[Path, Path]]


def test_broken_exports_are_quarantined_and_the_rest_is_published(demo_copy: Copy, tmp_path: Path) -> None:
    sources, exports = demo_copy()
    weeks = sorted((exports / "telephony").glob("contacts-*.csv"))
    weeks[0].write_bytes(b"")
    weeks[1].write_bytes(weeks[1].read_bytes().replace(b",", b";"))
    header, *lines = weeks[2].read_bytes().splitlines(keepends=True)
    weeks[2].write_bytes(header + b"x" * 50_000_000 + b"\n" + b"".join(lines))
    weeks[3].write_bytes(b"\n".join([line.partition(b",")[2] for line in weeks[3].read_bytes().splitlines()]))
    legs = exports / "telephony" / "legs.jsonl.gz"
    legs.write_bytes(legs.read_bytes()[:-200])
    history = exports / "crm" / "case_history.csv"
    history.write_bytes(history.read_bytes() + b"\xff\xfe broken \x80 bytes\n")
    done = run(sources, exports, tmp_path / "home")
    assert done.code == 0, done.output
    for name in (weeks[0].name, weeks[1].name, weeks[3].name, legs.name):
        assert f"Quarantined telephony/{name}" in done.output, done.output
    assert done.one("SELECT sum(n_files_quarantined) FROM mart_source_health WHERE entity = 'contacts'") == 3
    assert done.one("SELECT count(*) FROM mart_contact") > 200
    status = done.one(
        "SELECT status FROM mart_blind_spot WHERE blind_spot_id = 'BS44' "
        "AND source_instance = 'demo_telephony' AND scope_type = 'source' AND window_type = 'span'"
    )
    assert status in ("warn", "blind")


def test_markup_and_formulas_in_texts_reach_the_page_escaped(demo: Run) -> None:
    # The planted formula holds a link, which nobody publishes.
    reasons = [
        value
        for (value,) in demo.rows("SELECT DISTINCT reason FROM mart_case WHERE reason LIKE '(masked ?%'")
    ]
    products = [
        value for (value,) in demo.rows("SELECT DISTINCT product FROM mart_case WHERE product LIKE '%<%'")
    ]
    assert reasons
    assert products
    page = (demo.home / "published" / "report" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert(1)</script>" not in page


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "--sources", DEMO / "sources", "--exports", "/nowhere"), "/nowhere is no folder"),
        (("run", "--sources", "/nowhere"), "holds no source file"),
        (("run", "--sources", DEMO / "sources", "--as-of", "yesterday"), "is no time"),
        (("simulate",), "OUT"),
        (("simulate", DEMO), "is there already"),
        (("simulate", "out", "--scenario", "helthy"), "no scenario 'helthy'"),
        (("simulate", "out", "--telephony", "carrier_pigeon"), "Choose one of plain, amazon_connect"),
        (("run", "--colour"), "No such option"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_sentence(
    tmp_path: Path, arguments: tuple[object, ...], expected: str
) -> None:
    takes_home = arguments[0] == "run" and "--colour" not in arguments
    done = faultline(*arguments, *(("--home", tmp_path / "home") if takes_home else ()))
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_wrong_source_file_names_its_line(demo_copy: Copy, tmp_path: Path) -> None:
    sources, exports = demo_copy()
    file = sources / "demo_crm.yml"
    text = file.read_text(encoding="utf-8")
    line = next(i for i, one in enumerate(text.splitlines(), 1) if one.strip().startswith("opened_at:"))
    file.write_text(text.replace("opened_at:", "opend_at:", 1), encoding="utf-8")
    done = faultline("run", "--sources", sources, "--exports", exports, "--home", tmp_path / "home")
    assert done.returncode == 2
    assert f"demo_crm.yml:{line}:" in done.stderr.replace("\n", "")
    assert "opened_at" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_run_ends_with_1_and_leaves_the_publication_whole(demo: Run, tmp_path: Path) -> None:
    sources, exports, home = with_something_new(demo, tmp_path)
    before, link = contents(demo.marts), (home / "published").readlink()
    # A folder where the warehouse should be.
    (home / "warehouse.duckdb").unlink()
    (home / "warehouse.duckdb").mkdir()
    done = run(sources, exports, home)
    assert done.code == 1, done.output
    assert "The last publication stands" in done.output
    assert "Traceback" not in done.output
    assert (home / "published").readlink() == link
    assert contents(home / "published" / "marts.duckdb") == before


def test_a_second_run_waits_and_says_so(demo_home: Path) -> None:
    """Without it, a run that waits for another one would look as if it hung, or two would share a home."""
    command = [
        str(FAULTLINE), "run", "--sources", str(DEMO / "sources"), "--exports", str(DEMO / "exports"),
        "--home", str(demo_home),
    ]  # fmt: skip
    printed = []
    with FileLock(demo_home / "state" / "run.lock") as lock, started(command) as process:
        assert process.stdout
        for line in process.stdout:
            printed.append(line)
            # The other run ends as soon as this one says that it waits; one that never says so ends in the wait.
            if "Another run is at work" in line:
                assert "waiting" in line
                assert process.poll() is None
                lock.release()
    assert process.returncode == 0, "".join(printed)
    assert any("Another run is at work" in line for line in printed), "".join(printed)


def _only_error(output: str) -> str:
    """The one message at the end of what a run printed."""
    assert "Traceback" not in output
    _, _, message = output.partition("Error ")
    assert "Error" not in message, output
    return message.strip()


def _building(demo: Run, folder: Path) -> tuple[list[str], Path]:
    """A command that has something to build, and the home it runs in."""
    sources, exports, home = with_something_new(demo, folder)
    arguments = ["run", "--sources", sources, "--exports", exports, "--home", home]
    return [str(FAULTLINE), *map(str, arguments)], home


def test_a_run_that_waited_too_long_for_another_one_says_what_to_do(demo_home: Path) -> None:
    """Without it, our own sentence was thrown away for the name of an exception."""
    with FileLock(demo_home / "state" / "run.lock"):
        done = faultline("run", "--home", demo_home, *DEMO_PLACES, FAULTLINE_LOCK_WAIT_SECONDS="0")
    assert done.returncode == 1
    assert _only_error(done.stderr) == (
        f"Another run has held {demo_home} for 0 s. Let it end, or raise FAULTLINE_LOCK_WAIT_SECONDS. "
        "The last publication stands."
    )
    assert _planned_checks(demo_home) == 0, "the UI would show all checks as execution failed"


def _planned_checks(home: Path) -> int:
    """How many checks Dagster's store holds that a run wanted to execute and did not come to."""
    with closing(sqlite3.connect(home / "dagster" / "history" / "runs" / "index.db")) as store:
        query = "SELECT count(*) FROM asset_check_executions WHERE execution_status = 'PLANNED'"
        return int(store.execute(query).fetchall()[0][0])


def test_a_wrong_setting_that_only_a_step_can_find_ends_with_2(demo_home: Path) -> None:
    """Without it, a schedule would try a run again that no second try can mend."""
    before = contents(demo_home / "published" / "marts.duckdb")
    done = faultline("run", "--home", demo_home, *DEMO_PLACES, FAULTLINE_SALT="another")
    assert done.returncode == 2, done.stdout + done.stderr
    assert _only_error(done.stderr).startswith(f"The raw zone of {demo_home} was landed with another salt")
    assert contents(demo_home / "published" / "marts.duckdb") == before
    assert _planned_checks(demo_home) == 0


def test_a_program_that_reads_the_warehouse_is_named(demo: Run, tmp_path: Path) -> None:
    command, home = _building(demo, tmp_path)
    warehouse = home / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True):
        done = faultline(*command[1:])
    assert done.returncode == 1
    message = _only_error(done.stderr)
    assert message.startswith(f"{warehouse} is open in another program: ")
    assert f"(PID {os.getpid()})" in message
    assert message.endswith("The last publication stands.")


def test_an_interrupted_run_says_one_line_and_ends_with_130(demo: Run, tmp_path: Path) -> None:
    """Without it, Ctrl-C printed stack traces of every helper that was at work."""
    command, home = _building(demo, tmp_path)
    before, link = contents(demo.marts), (home / "published").readlink()
    lines = []
    with started(command) as process:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if "Building" in line and process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.returncode == 130, "".join(lines)
    output = "".join(line for line in lines if not line.startswith(("nanobind", " - ")))
    assert _only_error(output).splitlines()[0] == "Interrupted. The last publication stands."
    assert (home / "published").readlink() == link
    assert contents(home / "published" / "marts.duckdb") == before


def test_as_of_looks_back(demo_copy: Copy, tmp_path: Path) -> None:
    sources, exports = demo_copy()
    done = run(sources, exports, tmp_path / "home", "--as-of", "2025-02-15T00:00:00Z")
    assert done.code == 0, done.output
    assert done.one("SELECT max(started_at) < TIMESTAMP '2025-02-15' FROM mart_contact") is True
    assert done.one("SELECT max(as_of_at) < TIMESTAMP '2025-02-15' FROM mart_source_span") is True
    assert 0 < done.one("SELECT count(*) FROM mart_contact") < 411


@pytest.fixture(scope="module")
def ui(demo: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The UI, started in a folder with a file of settings that says something of every setting."""
    folder = tmp_path_factory.mktemp("ui")
    (folder / ".env").write_text("".join(f"{k}={v}\n" for k, v in some_settings().items()))
    home = folder / some_settings()["FAULTLINE_HOME"]
    shutil.copytree(demo.home / "dbt", home / "dbt")  # saves the time to parse the models again
    with serving(folder, "--exports", "chosen by option") as ui:
        yield ui


def test_the_ui_serves_on_the_loopback_address_only(ui: Ui) -> None:
    assert ui.answer("{ version }")["version"]
    listening = Path("/proc/net/tcp").read_text(encoding="ascii") if sys.platform == "linux" else ""
    assert f"00000000:{ui.port:04X}" not in listening


def test_every_setting_reaches_every_process_of_the_ui(ui: Ui) -> None:
    """Without it, the daily run would make a second salt, and everything would land anew under other hashes."""
    schedules = ui.answer(
        "query($at: RepositorySelector!) { schedulesOrError(repositorySelector: $at) { ... on Schedules "
        "{ results { name cronSchedule } } ... on PythonError { message } "
        "... on RepositoryNotFoundError { message } } }",
        at=LOCATION,
    )
    expected = some_settings()
    assert schedules["schedulesOrError"]["results"] == [
        {"name": "daily", "cronSchedule": expected["FAULTLINE_SCHEDULE"]}
    ]
    expected |= {
        "FAULTLINE_HOME": str(ui.folder / expected["FAULTLINE_HOME"]),
        "FAULTLINE_SOURCES": str(ui.folder / expected["FAULTLINE_SOURCES"]),
        "FAULTLINE_EXPORTS": str(ui.folder / "chosen by option"),
    }
    parent = psutil.Process(ui.process.pid)
    processes = [
        process for process in parent.children(recursive=True) if "dagster" in str(process.cmdline())
    ]
    assert len(processes) >= 3, "the web server, the daemon or the code server is missing"
    for process in [parent, *processes]:
        given = process.environ()
        shown = " ".join(process.cmdline())
        for name, value in expected.items():
            assert given.get(name) in (value, f"{value}.0"), f"{name} of {shown}"


def test_a_wrong_schedule_or_a_taken_port_stops_the_ui_at_once(ui: Ui, tmp_path: Path) -> None:
    """Without it, the UI would run for days without a schedule, and nobody would see why."""
    ui.answer("{ version }")
    (tmp_path / ".env").write_text("FAULTLINE_SCHEDULE=every morning\n")
    done = faultline("ui", "--home", "home", "--port", ui.port, cwd=tmp_path)
    assert done.returncode == 2
    assert f"Port {ui.port} of 127.0.0.1 cannot be used (Address already in use)" in done.stderr
    done = faultline("ui", "--home", "home", "--port", free_port(), cwd=tmp_path)
    assert done.returncode == 2
    assert "FAULTLINE_SCHEDULE 'every morning' is no cron time" in done.stderr
