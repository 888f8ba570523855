"""One file below the exports folder, or one member of an archive, and why it may be unusable."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

CHUNK_BYTES = 1 << 20
"""Bytes that are read at once."""


class UnreadableFile(Exception):  # noqa: N818 - a finding about a file, not a fault of the program
    """A delivered file cannot be read at all; the message is the reason for its quarantine."""


class FileNotReady(Exception):  # noqa: N818 - a finding about a file, not a fault of the program
    """A file cannot be judged now, through no fault of its content; a later run looks again."""


@dataclass(frozen=True)
class ExportFile:
    """A file below the exports folder, or one member of an archive.

    `name` is its path from the exports folder, `archive.zip!member` inside archives. `problem`
    says why it is quarantined without being opened, where it is.
    """

    name: str
    path: Path
    member: str
    size: int
    modified_ns: int
    problem: str = ""

    @property
    def modified_at(self) -> datetime:
        """Modification time (UTC)."""
        return datetime.fromtimestamp(self.modified_ns / 1e9, UTC)


def is_plain(file: ExportFile) -> bool:
    """Whether the file can be read where it lies."""
    return not file.member and file.path.suffix.lower() not in (".gz", ".zip")
