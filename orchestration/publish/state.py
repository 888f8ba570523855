"""Which inputs the present publication was made of, kept in the home's state folder."""

import json
from pathlib import Path

from orchestration.base import durable
from orchestration.settings import Home

_PENDING = "inputs.json"
_PUBLISHED = "published.json"


def remember_inputs(home: Home, inputs: str) -> None:
    """Notes the inputs of the run under way."""
    _write(home.state / _PENDING, {"inputs": inputs})


def pending_inputs(home: Home) -> str:
    """Inputs of the run under way; empty when there is none."""
    return str(_read(home.state / _PENDING).get("inputs", ""))


def remember_publication(home: Home, publication_id: str, inputs: str) -> None:
    """Notes that a publication stands, and what it was made of."""
    _write(home.state / _PUBLISHED, {"publication_id": publication_id, "inputs": inputs})


def published_inputs(home: Home) -> str:
    """Inputs of the publication in force; empty when it is gone or never was."""
    noted = _read(home.state / _PUBLISHED)
    exists = (home.published / "marts.duckdb").exists()
    return str(noted.get("inputs", "")) if exists else ""


def _read(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:  # torn by a crash: then nothing is known, and the run starts over
        return {}


def _write(path: Path, content: dict[str, str]) -> None:
    durable.write(path, json.dumps(content))
