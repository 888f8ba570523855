"""Which inputs the present publication was made of."""

import json
from pathlib import Path

from orchestration.publish.publication import ABOUT_FILE
from orchestration.settings import Home


def published_inputs(home: Home) -> str:
    """Inputs of the publication that the link leads to; empty when it is gone, not whole, or never was."""
    about = _read(home.published / ABOUT_FILE)
    files = about.get("files")
    if not isinstance(files, dict) or not all(_size(home.published / name) == n for name, n in files.items()):
        return ""
    return str(about.get("inputs", ""))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _read(path: Path) -> dict[str, object]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # missing or damaged: nothing is known, and the run starts over
        return {}
