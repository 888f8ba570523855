"""A disk that fills while a run is at work: the publication stays, and the next run heals by itself.

The home lies on a small tmpfs, which only root may mount. FAULTLINE_FULL_DISKS says at how many places of a
run the disk fills, spread over what a run writes; ten take about a quarter of an hour. With `-rP`, pytest prints
what people read.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Run, contents, run, with_something_new

pytestmark = pytest.mark.integration

N_PLACES = int(os.environ.get("FAULTLINE_FULL_DISKS", "1"))
MOST_KB = 15_000
"""What a run of the small centre needs beside what is there; with more it succeeds."""
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


@pytest.mark.parametrize("place", range(N_PLACES))
def test_a_full_disk_leaves_the_publication_and_the_next_run_heals(demo: Run, disk: Path, place: int) -> None:
    sources, exports, home = with_something_new(demo, disk)
    before = (home / "published").readlink(), contents(home / "published" / "marts.duckdb")
    free_kb = 40 + MOST_KB * (2 * place + 1) // (2 * N_PLACES)
    _resize(disk, _used_kb(disk) + free_kb, "remount")
    full = run(sources, exports, home)
    after = (home / "published").readlink(), contents(home / "published" / "marts.duckdb")
    _resize(disk, ROOMY_KB, "remount")
    healed = run(sources, exports, home)
    sys.stdout.write(f"{free_kb} KB free:\n{full.output}With space again:\n{healed.output}")
    if full.code:
        assert full.code == 1
        *_, said = full.output.strip().splitlines()
        assert re.search(r"^Error .*The disk of \S+ is full.* Make room on it.*, then run again\.", said)
        assert said.endswith("The last publication stands.")
        assert "Traceback" not in full.output
        assert "No space left" not in full.output
        assert after == before
    assert healed.code == 0
    assert bool(full.code) == ((home / "published").readlink() != after[0])
    assert not [path for path in home.rglob("*") if re.search(r"writing|building", path.name)]
