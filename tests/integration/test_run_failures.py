"""What a person sees when something is wrong, and what stays standing."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.integration.conftest import DEMO, FAULTLINE, Run, contents, faultline, run, started

pytestmark = pytest.mark.integration

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
    reasons = [
        value for (value,) in demo.rows("SELECT DISTINCT reason FROM mart_case WHERE reason LIKE '=%'")
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


def test_a_failed_run_ends_with_1_and_leaves_the_publication_whole(demo: Run, demo_copy: Copy) -> None:
    import shutil

    sources, exports = demo_copy()
    home = sources.parent / "home"
    shutil.copytree(demo.home, home, symlinks=True)
    before, link = contents(demo.marts), (home / "published").readlink()
    # Something new to build, and a folder where the warehouse should be.
    escalations = exports / "crm" / "escalations.csv"
    escalations.write_bytes(escalations.read_bytes() + b"\n")
    (home / "warehouse.duckdb").unlink()
    (home / "warehouse.duckdb").mkdir()
    done = run(sources, exports, home)
    assert done.code == 1, done.output
    assert "The last publication stands" in done.output
    assert "Traceback" not in done.output
    assert (home / "published").readlink() == link
    assert contents(home / "published" / "marts.duckdb") == before


def test_a_second_run_waits_and_says_so(demo: Run) -> None:
    """Without it, a run that waits for another one would look as if it hung, or two would share a home."""
    command = [
        str(FAULTLINE), "run", "--sources", str(DEMO / "sources"), "--exports", str(DEMO / "exports"),
        "--home", str(demo.home),
    ]  # fmt: skip
    told = []
    with FileLock(demo.home / "state" / "run.lock") as lock, started(command) as process:
        assert process.stdout
        for line in process.stdout:
            told.append(line)
            # The other run ends as soon as this one says that it waits; one that never says so ends in the wait.
            if "Another run is at work" in line:
                assert "waiting" in line
                assert process.poll() is None
                lock.release()
    assert process.returncode == 0, "".join(told)
    assert any("Another run is at work" in line for line in told), "".join(told)


def test_as_of_looks_back(demo_copy: Copy, tmp_path: Path) -> None:
    sources, exports = demo_copy()
    done = run(sources, exports, tmp_path / "home", "--as-of", "2025-02-15T00:00:00Z")
    assert done.code == 0, done.output
    assert done.one("SELECT max(started_at) < TIMESTAMP '2025-02-15' FROM mart_contact") is True
    assert done.one("SELECT max(as_of_at) < TIMESTAMP '2025-02-15' FROM mart_source_span") is True
    assert 0 < done.one("SELECT count(*) FROM mart_contact") < 411


def test_the_ui_serves_on_the_loopback_address_only(demo: Run) -> None:
    import socket
    import sys
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [str(FAULTLINE), "ui", "--home", str(demo.home), "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        while process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2) as answer:
                    assert b"dagster" in answer.read()
                break
            except OSError:
                time.sleep(1)
        else:
            pytest.fail(f"the UI ended with {process.returncode} before it answered")
        listening = Path("/proc/net/tcp").read_text(encoding="ascii") if sys.platform == "linux" else ""
        assert f"00000000:{port:04X}" not in listening
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
