"""What the tests of landing share."""

from pathlib import Path

import pytest

from tests.stages.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty place to deliver to."""
    return Place(tmp_path / "place")
