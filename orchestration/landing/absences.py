"""Names once what landed before and is gone now: files that left the exports, sources without their YAML."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestration.base import durable
from orchestration.base.wording import count
from orchestration.landing.manifest import KNOWN, Manifest
from orchestration.landing.report import Note
from orchestration.sources.file_settings import MEMBER_SEPARATOR
from orchestration.sources.source_files import Source

_FILE = "absences.json"
_EVERY_FILE = "*"


def notes(manifest: Manifest, sources: Iterable[Source], exports: Path, state: Path) -> Iterator[Note]:
    """A sentence for each source with files, or a YAML, that left since the last run.

    Files of logs are not missed, because they rotate, nor is a file that lies under another name now. `state`
    keeps what was reported; a file that comes back is reported again when it leaves again.

    Args:
        manifest: what landed.
        sources: those that are described now.
        exports: the folder the exports arrive in.
        state: the folder that keeps what was reported.
    """
    described = {source.instance for source in sources}
    gone: dict[str, list[str]] = {}
    n_rows: dict[str, int] = {}
    moved = {
        token
        for delivery in manifest.newest().values()
        if delivery.status == KNOWN and _is_there(exports, delivery.file)
        for token in delivery.covers
    }
    for token, delivery in manifest.live().items():
        if delivery.source_instance not in described:
            gone[delivery.source_instance] = [_EVERY_FILE]
            n_rows[delivery.source_instance] = n_rows.get(delivery.source_instance, 0) + delivery.n_landed
        elif not delivery.appends and token not in moved and not _is_there(exports, delivery.file):
            gone.setdefault(delivery.source_instance, []).append(delivery.file)
    known = _known(state)
    for instance, missing in sorted(gone.items()):
        new = sorted(set(missing) - set(known.get(instance, ())))
        if new == [_EVERY_FILE]:
            rows = count(n_rows[instance], "row")
            yield Note(
                f"No source file describes {instance} any more: its {rows} are left out of the marts. "
                "Put its YAML back to have them again.",
                is_warning=True,
            )
        elif new:
            more = f" and {count(len(new) - 1, 'more file')}" if len(new) > 1 else ""
            yield Note(f"{instance}: {new[0]}{more} left the exports; the rows stay.")
    if gone != known:
        durable.write(state / _FILE, json.dumps(gone, indent=1, sort_keys=True))


def _is_there(exports: Path, name: str) -> bool:
    return (exports / name).exists() or (exports / name.partition(MEMBER_SEPARATOR)[0]).exists()


def _known(state: Path) -> dict[str, list[str]]:
    try:
        return dict(json.loads((state / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
