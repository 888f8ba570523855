"""Files that are there whole or not at all, even after a full disk, a kill or a power cut.

Every file that another one vouches for is written through this module: beside its place, synced, renamed.
"""

import fcntl
import os
import re
from contextlib import suppress
from pathlib import Path

_FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)
"""On macOS, fsync leaves data in the cache of the drive; this call empties that cache too."""


def write(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Writes a file: readers see the old content or the new one. Text is written as UTF-8.

    `mode` are the permissions of the file, less what the umask of the process takes away. The new content
    is written to a temporary file in the same folder. A process that is killed leaves that file behind, and
    the next process that writes the same path deletes it.

    Raises:
        OSError: the disk is full or cannot be written; the old content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _delete_leftovers(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.writing")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        put_in_place(beside, path)
    except BaseException:  # an interrupt too
        beside.unlink(missing_ok=True)
        raise


def put_in_place(written: Path, target: Path) -> None:
    """Renames a file or a folder. It is on the disk with all it holds before it has its name.

    A file replaces an older one; a folder does not. Both paths lie on one file system.

    Raises:
        OSError: the disk refuses.
    """
    sync_all(written)
    written.replace(target)
    _sync(target.parent)


def sync_all(path: Path) -> None:
    """Returns once a file, or a folder and everything below it, is on the disk; follows no links."""
    if path.is_symlink():
        return
    if path.is_dir():
        for entry in path.iterdir():
            sync_all(entry)
    _sync(path)


def sync(handle: int) -> None:
    """Returns once the content of an open file or folder is on the disk, not only in a cache.

    Raises:
        OSError: the disk refuses.
    """
    if _FULL_SYNC is not None:
        with suppress(OSError):  # not every file system knows it
            fcntl.fcntl(handle, _FULL_SYNC)
            return
    os.fsync(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        sync(handle)
    finally:
        os.close(handle)


def _delete_leftovers(path: Path) -> None:
    """Deletes the temporary files of processes that ended before they renamed them."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.([0-9]+)\.writing")
    for entry in path.parent.iterdir():
        found = pattern.fullmatch(entry.name)
        if found and (int(found[1]) == os.getpid() or not _is_alive(int(found[1]))):
            entry.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # a process of another user
        return True
    return True
