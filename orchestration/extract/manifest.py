"""The manifest: one appended line commits one delivery. What it does not name does not exist.

A line is a delivery: which file in which state, read by which mapping, landed in which parts.
The newest line of a file wins, so a delivery repeated with other content replaces the earlier one.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestration.errors import RunError

MANIFEST_NAME = "manifest.jsonl"


@dataclass(frozen=True)
class Part:
    """Rows of one entity out of one delivery; `path` is relative to the raw folder."""

    entity: str
    path: str
    n_landed: int
    n_filtered: int
    n_quarantined: int


@dataclass(frozen=True)
class Delivery:
    """One delivered file, landed or quarantined whole.

    `n_read` counts records of the file, `n_damaged` those that could not be read at all; for each
    part n_read = n_damaged + n_landed + n_filtered + n_quarantined. Times are ISO 8601 in UTC.
    """

    delivery_id: str
    source_instance: str
    centre: str
    file_set: str
    file: str
    digest: str
    size: int
    modified_ns: int
    delivered_at: str
    fingerprint: str
    status: str
    reason: str
    n_read: int
    n_damaged: int
    parts: tuple[Part, ...]
    columns_missing: tuple[str, ...]
    columns_extra: tuple[str, ...]
    quarantine: str
    supersedes: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later line must share to replace this one."""
        return self.source_instance, self.file_set, self.file

    @property
    def is_landed(self) -> bool:
        """Whether its rows are in the raw zone."""
        return self.status == "landed"


def _delivery(line: bytes) -> Delivery:
    raw = json.loads(line)
    raw["parts"] = tuple(Part(**part) for part in raw["parts"])
    for name in ("columns_missing", "columns_extra"):
        raw[name] = tuple(raw[name])
    return Delivery(**raw)


class Manifest:
    """Reads and appends `state/manifest.jsonl`."""

    def __init__(self, state: Path) -> None:
        self.path = state / MANIFEST_NAME
        self.lines: list[Delivery] = list(self._read())

    def _read(self) -> Iterable[Delivery]:
        if not self.path.exists():
            return
        whole = self.path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            # A line cut by a crash was never committed; its parts are orphans.
            with self.path.open("r+b") as file:
                file.truncate(end)
        for number, line in enumerate(whole[:end].splitlines(), 1):
            try:
                yield _delivery(line)
            except (ValueError, TypeError, KeyError) as error:
                raise RunError(
                    f"{self.path}:{number} cannot be read. Restore the file from a backup, or delete it "
                    "together with the raw folder to land everything anew."
                ) from error

    def append(self, delivery: Delivery) -> None:
        """Commits a delivery: on disk before this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(json.dumps(asdict(delivery), ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.lines.append(delivery)

    def newest(self) -> dict[tuple[str, str, str], Delivery]:
        """The newest line of every file, landed or not."""
        return {delivery.key: delivery for delivery in self.lines}

    def live(self) -> dict[tuple[str, str, str], Delivery]:
        """The newest landed delivery of every file: a broken re-delivery keeps the last good one."""
        return {delivery.key: delivery for delivery in self.lines if delivery.is_landed}
