"""Files that are there whole or not at all, even after a full disk, a kill or a power cut.

Every file that another one vouches for is written through this module: beside its place, synced, renamed.
"""

import os
from pathlib import Path


def write(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Writes a file: readers see the old content or the new one. Text is written as UTF-8.

    `mode` are the permissions of the file, less what the umask of the process takes away.

    Raises:
        OSError: the disk is full or cannot be written; the old content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.writing")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        put_in_place(beside, path)
    except OSError:
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


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
