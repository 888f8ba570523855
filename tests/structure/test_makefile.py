"""What make trusts is whole: an environment or a demo that was cut off is made anew."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROJECT

# In Python's place: makes an environment whose pip succeeds as long as there is no file `full`.
PYTHON = """#!/bin/sh
echo "$@" >> log
case "$*" in
  *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"-m pip"*) touch .venv/half; [ ! -e full ] ;;
esac
"""
SIMULATE = """#!/bin/sh
[ "$1" = simulate ] || exit 0
mkdir -p "$2" && echo simulated >> log && echo cut > "$2/manifest.json" && [ ! -e full ]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "seeds" / "simulator").mkdir(parents=True)
    for name in ("requirements.lock", "pyproject.toml", "seeds/simulator/scenario.py"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1, 1))
    python = tmp_path / "python"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    return tmp_path


def _make(place: Path, target: str) -> int:
    command = ["make", f"PYTHON={place / 'python'}", target]
    return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode


@pytest.mark.parametrize("is_update", [False, True])
def test_an_environment_that_was_cut_off_is_made_from_nothing(place: Path, is_update: bool) -> None:
    """Without it, half a package stays behind, and pip takes it for an installed one."""
    if is_update:
        assert _make(place, ".venv/.installed") == 0
        os.utime(place / ".venv" / ".installed", (0, 0))
    (place / "full").touch()
    assert _make(place, ".venv/.installed") != 0
    assert not (place / ".venv" / ".installed").exists()
    (place / "full").unlink()
    (place / ".venv" / "left").touch()
    assert _make(place, ".venv/.installed") == 0
    assert (place / ".venv" / ".installed").exists()
    assert not (place / ".venv" / "left").exists()


def test_a_demo_is_made_anew_when_it_was_cut_off_or_its_simulator_changed(place: Path) -> None:
    assert _make(place, ".venv/.installed") == 0
    program = place / ".venv" / "bin" / "faultline"
    program.write_text(SIMULATE, encoding="utf-8")
    program.chmod(0o755)

    def simulated() -> int:
        return (place / "log").read_text(encoding="utf-8").count("simulated")

    (place / "full").touch()
    assert _make(place, "demo") != 0
    (place / "full").unlink()
    assert _make(place, "demo") == 0
    assert simulated() == 2
    assert _make(place, "demo") == 0
    assert simulated() == 2
    os.utime(place / "seeds" / "simulator" / "scenario.py")
    os.utime(place / "data" / "demo" / "manifest.json", (2, 2))
    assert _make(place, "demo") == 0
    assert simulated() == 3
