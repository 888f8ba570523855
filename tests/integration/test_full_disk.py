"""A disk that fills while a run is at work: the publication stays, and the next run heals by itself.

The home lies on a small tmpfs, which only root may mount. By default the disk fills at one moment of a run;
FAULTLINE_FULL_DISKS=1 tries all, which takes about ten minutes. With `-rP`, pytest prints what people read.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.settings import Home
from tests.integration import progress
from tests.integration.conftest import FAULTLINE, Run, contents, run, started, with_something_new

pytestmark = pytest.mark.integration

MOMENTS = {name: has_come for name, has_come in progress.MOMENTS.items() if name != "swapped"}
TRIED = MOMENTS if "FAULTLINE_FULL_DISKS" in os.environ else ["many_models_built"]
ROOMY_KB = 2_000_000


def _resize(disk: Path, n_kb: int, *options: str) -> None:
    size = ",".join([*options, f"size={n_kb}k"])
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], check=False)
    if done.returncode:
        pytest.skip("mounting a small disk needs root")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, with room for everything until a test takes it away."""
    place = tmp_path / "disk"
    place.mkdir()
    _resize(place, ROOMY_KB)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _used_kb(disk: Path) -> int:
    found = os.statvfs(disk)
    return (found.f_blocks - found.f_bfree) * found.f_frsize // 1024


@pytest.mark.parametrize("moment", TRIED)
def test_a_full_disk_leaves_the_publication_and_the_next_run_heals(
    demo: Run, disk: Path, moment: str
) -> None:
    """Without it, a full disk could leave half a publication, or a home that no run gets going again."""
    sources, exports, root = with_something_new(demo, disk)
    home = Home(root)
    before = home.published.readlink(), contents(home.published / "marts.duckdb")
    places = ["--sources", str(sources), "--exports", str(exports), "--home", str(root)]
    with started([str(FAULTLINE), "run", *places]) as process:
        run_so_far = progress.Progress(process, home)
        run_so_far.wait(MOMENTS[moment])
        _resize(disk, _used_kb(disk), "remount")
        said = run_so_far.everything_said()
    after = home.published.readlink(), contents(home.published / "marts.duckdb")
    _resize(disk, ROOMY_KB, "remount")
    healed = run(sources, exports, root)
    sys.stdout.write(f"Full at {moment}:\n{said}With space again:\n{healed.output}")
    assert process.returncode == 1, said
    *_, last = said.strip().splitlines()
    assert re.search(r"^Error .*The disk of \S+ is full.* Make room on it.*, then run again\.", last)
    assert last.endswith("The last publication stands.")
    assert "Traceback" not in said
    assert "No space left" not in said
    assert after == before
    assert healed.code == 0
    assert home.published.readlink() != before[0]
    assert not [path for path in root.rglob("*") if re.search(r"writing|building", path.name)]
