"""The same deliveries give the same marts, however they arrive and whatever was thrown away."""

import gzip
import io
import os
import random
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.integration.conftest import DEMO, Run, contents, run

pytestmark = pytest.mark.integration

EXAMPLES = PROJECT / "seeds" / "sources" / "examples"


def _with_salt_of(run_before: Run, home: Path) -> Path:
    """A new home whose identifiers hash to the same values."""
    (home / "state").mkdir(parents=True)
    shutil.copy2(run_before.home / "state" / "salt", home / "state" / "salt")
    return home


def test_a_deleted_warehouse_is_rebuilt_from_the_raw_zone(demo: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home, home, symlinks=True)
    before = contents(demo.marts)
    (home / "warehouse.duckdb").unlink()
    again = run(DEMO / "sources", DEMO / "exports", home)
    assert again.code == 0, again.output
    assert "Landed" not in again.output
    assert contents(again.marts) == before


def test_shuffled_and_split_exports_give_the_same_marts(demo: Run, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(DEMO / "exports", exports)
    draw = random.Random(7)
    for path in sorted((exports / "telephony").glob("contacts-*.csv")):
        _shuffle_lines(path, draw)
    legs = exports / "telephony" / "legs.jsonl.gz"
    lines = gzip.decompress(legs.read_bytes()).splitlines(keepends=True)
    draw.shuffle(lines)
    legs.write_bytes(gzip.compress(b"".join(lines)))
    _shuffle_lines(exports / "crm" / "case_history.csv", draw)
    again = run(DEMO / "sources", exports, _with_salt_of(demo, tmp_path / "home"))
    assert again.code == 0, again.output
    assert contents(again.marts) == contents(demo.marts)


def _shuffle_lines(path: Path, draw: random.Random) -> None:
    header, *lines = path.read_bytes().splitlines(keepends=True)
    lines = [line if line.endswith(b"\n") else line + b"\n" for line in lines]
    draw.shuffle(lines)
    path.write_bytes(header + b"".join(lines))


@pytest.mark.skipif(
    os.environ.get("FAULTLINE_SHUFFLED_REAL") != "1",
    reason="two minutes; the small centre is shuffled at each change, the real exports in `make test-all`",
)
@pytest.mark.real_data
def test_real_exports_shuffled_and_split(real: Run, real_data: Path, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    (exports / "eagle-bank").mkdir(parents=True)
    (exports / "uci-servicenow-incident-log").mkdir()
    draw = random.Random(11)
    for name in ("CRMEvents.csv", "CRMCallCenterLogs.csv", "CRMReviews.csv"):
        shutil.copyfile(real_data / "eagle-bank" / name, exports / "eagle-bank" / name)
    _shuffle_lines(exports / "eagle-bank" / "CRMEvents.csv", draw)
    _shuffle_lines(exports / "eagle-bank" / "CRMCallCenterLogs.csv", draw)
    log = "uci-servicenow-incident-log/incident_event_log.zip"
    with zipfile.ZipFile(real_data / log) as archive:
        header, *lines = io.BytesIO(archive.read(archive.namelist()[0])).readlines()
    draw.shuffle(lines)
    third = len(lines) // 3
    with zipfile.ZipFile(exports / log, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, part in enumerate((lines[:third], lines[third : 2 * third], lines[2 * third :])):
            archive.writestr(f"part{i}.csv", header + b"".join(part))
    again = run(EXAMPLES, exports, _with_salt_of(real, tmp_path / "home"))
    assert again.code == 0, again.output
    assert contents(again.marts) == contents(real.marts)
