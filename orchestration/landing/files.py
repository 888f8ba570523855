"""Export files: finding them below the exports folder, their time of delivery, and whether they changed."""

import hashlib
import os
import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from orchestration.errors import ConfigurationError
from orchestration.landing import archives
from orchestration.landing.export_file import ExportFile, FileNotReady, UnreadableFile
from orchestration.sources.file_settings import MEMBER_SEPARATOR, glob_parts
from orchestration.sources.source_files import Source

_DISAPPEARED = "it disappeared while it was read"


def discover(exports: Path, source: Source, file_set: str) -> list[ExportFile]:
    """Files that the glob of a file set matches, members of zip archives one by one, by name.

    What cannot be opened is listed as well, with its problem, so that it goes to quarantine.
    """
    root = exports.resolve()
    outer, inner = glob_parts(source.document.files[file_set].glob)
    return [
        delivered
        for path in sorted(exports.glob(outer))
        if path.is_file()
        for delivered in _delivered(path, exports, root)
        if not inner or not delivered.member or _matches_path(inner, delivered.member)
    ]


def require_folder(exports: Path) -> None:
    """Makes sure that the exports can be listed: a folder that cannot looks like an empty one.

    Raises:
        ConfigurationError: it is missing, or no folder.
        OSError: this user may not list it.
    """
    if not exports.is_dir():
        raise ConfigurationError(f"{exports} is no folder. Point --exports to where the exports arrive.")
    os.scandir(exports).close()


def closed_folders(exports: Path) -> list[tuple[str, str]]:
    """Folders below the exports that cannot be listed, with the reason; globs pass over them silently."""
    found: list[OSError] = []
    for _ in os.walk(exports, onerror=found.append):
        pass
    return [
        (Path(error.filename).relative_to(exports).as_posix(), f"it cannot be opened: {error.strerror}")
        for error in found
    ]


def leads_into(glob: str, folder: str) -> bool:
    """Whether a glob may match files at any depth below a folder."""
    patterns = glob_parts(glob)[0].split("/")
    for part in folder.split("/"):
        if patterns[0] == "**":
            return True
        if not fnmatchcase(part, patterns.pop(0)) or not patterns:
            return False
    return True


def _delivered(path: Path, exports: Path, root: Path) -> list[ExportFile]:
    stat = path.stat()
    name = path.relative_to(exports).as_posix()
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    members, problem = [""], ""
    if not path.resolve().is_relative_to(root):
        problem = "a link that leads out of the exports folder; deliver the file itself"
    elif shown != name:
        problem = "its name is not UTF-8; rename it"
    elif path.suffix.lower() == ".zip":
        try:
            members = archives.members(path)
        except UnreadableFile as error:
            problem = str(error)
    full_names = {member: f"{shown}{MEMBER_SEPARATOR}{member}" if member else shown for member in members}
    return [
        ExportFile(full, path, member, stat.st_size, stat.st_mtime_ns, problem)
        for member, full in full_names.items()
    ]


def matches(glob: str, name: str) -> bool:
    """Whether a glob means the file of that name, which may be gone by now."""
    outer, inner = glob_parts(glob)
    path, *member = re.split(rf"(?i:(?<=\.zip)){MEMBER_SEPARATOR}", name, maxsplit=1)
    return _matches_path(outer, path) and (not inner or not member or _matches_path(inner, member[0]))


def _matches_path(glob: str, name: str) -> bool:
    def match(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
        if not pattern:
            return not parts
        if pattern[0] == "**":
            return any(match(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
        return bool(parts) and fnmatchcase(parts[0], pattern[0]) and match(parts[1:], pattern[1:])

    return match(PurePosixPath(name).parts, PurePosixPath(glob).parts)


def delivered_at(file: ExportFile, pattern: str, zone: str = "UTC") -> datetime:
    """When the file was delivered (UTC): the date that the pattern finds in its path, else its last change.

    The date is read in the source's zone, and a date without a time counts as the end of that
    day: what happened on it is not later than its delivery.

    Raises:
        ValueError: the digits that the pattern finds are no date.
    """
    match = re.search(pattern, file.name) if pattern else None
    digits = re.sub(r"\D", "", match.group(match.lastindex or 0)) if match else ""
    day, time = digits[:8], digits[8:14]
    if len(day) < 8:  # noqa: PLR2004 - YYYYMMDD
        return file.modified_at
    stamp = day + (time.ljust(6, "0") if time else "235959")
    return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def require_readable(file: ExportFile) -> None:
    """Makes sure that the file may be read.

    Raises:
        FileNotReady: it is gone, or this user may not read it.
    """
    try:
        file.path.open("rb").close()
    except OSError as error:
        raise FileNotReady(f"it cannot be opened ({error.strerror})") from error


def require_unchanged(file: ExportFile) -> None:
    """Makes sure that the file is still the one that was found.

    Raises:
        FileNotReady: it was written to, replaced or removed in the meantime.
    """
    try:
        stat = file.path.stat()
    except OSError as error:
        raise FileNotReady(_DISAPPEARED) from error
    if (stat.st_size, stat.st_mtime_ns) != (file.size, file.modified_ns):
        raise FileNotReady("it changed while it was read")


def digest(file: ExportFile) -> str:
    """SHA-256 of the file as it lies in the exports folder, for members that of their archive.

    Raises:
        FileNotReady: it is gone.
    """
    try:
        return _digest(file.path, file.size, file.modified_ns)
    except FileNotFoundError as error:
        raise FileNotReady(_DISAPPEARED) from error


@lru_cache(maxsize=4)  # the members of one archive come in a row
def _digest(path: Path, size: int, modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
