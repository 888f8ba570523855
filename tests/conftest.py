"""What tests share: where the real data are, and when skipping is not allowed."""

import os
import shutil
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
REAL_DATA = Path(os.environ.get("FAULTLINE_REAL_DATA", PROJECT.parent / "shared" / "data"))


def need(condition: object, reason: str) -> None:
    """Skips with a reason, or fails where FAULTLINE_REQUIRE_ALL says that nothing may be skipped."""
    if condition:
        return
    if os.environ.get("FAULTLINE_REQUIRE_ALL") == "1":
        pytest.fail(f"not allowed to skip here: {reason}")
    pytest.skip(reason)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes by their parameter: archives hold the time, and all cores must know a test by one name."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports."""
    wanted = [REAL_DATA / "eagle-bank", REAL_DATA / "uci-servicenow-incident-log"]
    need(all(folder.is_dir() for folder in wanted), f"no real data in {REAL_DATA} (set FAULTLINE_REAL_DATA)")
    return REAL_DATA


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    found = shutil.which("chromium")
    need(found, "Debian's chromium is not installed")
    return str(found)
