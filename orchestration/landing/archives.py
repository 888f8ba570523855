"""Archives: the members of a zip file, and the bytes of a packed file."""

import errno
import gzip
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from orchestration.landing.export_file import CHUNK_BYTES, ExportFile, UnreadableFile, is_plain

# Beyond this a small archive that unpacks to a huge file is refused.
MAX_EXPANSION_RATIO = 300
MIN_BOMB_BYTES = 1 << 30
_LONGEST_ZIP_END = 22 + 0xFFFF  # the end of an archive's directory, with the longest comment
# Names, and what damage takes for names: it may be somebody's data.
_QUOTED = re.compile(r"b?['\"].*['\"]", re.DOTALL)


def members(path: Path) -> list[str]:
    """Names of the files in a zip archive.

    Raises:
        UnreadableFile: it is damaged, empty, or holds two files of one name.
    """
    with _archive_damage(), zipfile.ZipFile(path) as archive:
        _require_all_members(path, len(archive.infolist()))
        files = [info.filename for info in archive.infolist() if not info.is_dir()]
    found = sorted(name for name in files if not name.startswith("__MACOSX/"))
    if not found:
        raise UnreadableFile("the archive holds no file")
    if len(set(found)) < len(found):
        raise UnreadableFile("the archive holds two files of one name; pack it again")
    return found


def _require_all_members(path: Path, n_found: int) -> None:
    """An entry whose length is damaged swallows those after it, and the reader would not say so."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, _LONGEST_ZIP_END), os.SEEK_END)
        tail = file.read()
    n_promised = int.from_bytes(tail[tail.rfind(b"PK\5\6") + 10 :][:2], "little")
    # All bits are set where a ZIP64 record holds the number; without it the number has 16 bits.
    if n_promised not in (n_found & 0xFFFF, 0xFFFF):
        raise UnreadableFile(f"damaged archive ({n_found} of {n_promised} members found); deliver it again")


def unpack(file: ExportFile, target: Path) -> Path:
    """Opens an archive member or gzip into `target`; checksums are verified by reading to the end.

    Raises:
        UnreadableFile: truncated, damaged, encrypted, or growing beyond all measure.
    """
    limit = max(MIN_BOMB_BYTES, file.path.stat().st_size * MAX_EXPANSION_RATIO)
    written = 0
    with target.open("wb") as out, _archive_damage(), _opened(file) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            written += len(chunk)
            if written > limit:
                raise UnreadableFile(
                    f"unpacks to more than {MAX_EXPANSION_RATIO} times its size; deliver it unpacked"
                )
            out.write(chunk)
    return target


@contextmanager
def content(file: ExportFile) -> Iterator[IO[bytes]]:
    """The bytes of a file, out of its archive.

    Raises:
        UnreadableFile: the archive is damaged.
    """
    if file.problem:
        raise UnreadableFile(file.problem)
    if is_plain(file):
        with file.path.open("rb") as plain:
            yield plain
    else:
        with _archive_damage(), _opened(file) as packed:
            yield packed


@contextmanager
def _opened(file: ExportFile) -> Iterator[IO[bytes]]:
    if file.path.suffix.lower() == ".zip":
        with zipfile.ZipFile(file.path) as archive, archive.open(file.member) as stream:
            yield stream
    else:
        with gzip.open(file.path, "rb") as stream:
            yield cast(IO[bytes], stream)


@contextmanager
def _archive_damage() -> Iterator[None]:
    """Turns what the archive readers raise into one finding; a full disk is none of it."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, ValueError) as error:
        raise _damaged_archive(error) from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # a damaged directory leads to places before the file
            raise
        raise _damaged_archive(error) from error


def _damaged_archive(error: Exception) -> UnreadableFile:
    return UnreadableFile(f"damaged archive ({_QUOTED.sub('...', str(error))}); deliver it again")
