"""Delivered files: finding them, opening what is packed, and reading their bytes once."""

import gzip
import hashlib
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from orchestration.extract.sources import Source

CHUNK_BYTES = 1 << 20
# A line longer than this is damage, not data; DuckDB drops such lines without a word.
MAX_LINE_BYTES = 2_000_000
# Beyond this a small archive that unpacks to a huge file is refused.
MAX_EXPANSION_RATIO = 300
MIN_BOMB_BYTES = 1 << 30
MEMBER_SEPARATOR = "!"

BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class UnreadableFile(Exception):
    """A delivered file cannot be read at all; the message is the reason for its quarantine."""


@dataclass(frozen=True)
class Delivered:
    """A file below the exports folder, or one member of an archive.

    `name` is its path from the exports folder, `archive.zip!member` inside archives.
    """

    name: str
    path: Path
    member: str
    size: int
    modified_ns: int

    @property
    def modified_at(self) -> datetime:
        """Modification time (UTC)."""
        return datetime.fromtimestamp(self.modified_ns / 1e9, UTC)


@dataclass(frozen=True)
class Bytes:
    """What one pass over the opened file told: digest, and what damage would look like."""

    digest: str
    size: int
    n_newlines: int
    n_returns: int
    ends_with_newline: bool
    has_long_line: bool
    is_empty: bool


def discover(exports: Path, source: Source, file_set: str) -> list[Delivered]:
    """Files that the glob of a file set matches, members of zip archives one by one, by name.

    A damaged archive is listed as itself, so that it can be quarantined with its reason.
    """
    found: list[Delivered] = []
    for path in sorted(exports.glob(source.document.files[file_set].glob)):
        if not path.is_file() or not path.resolve().is_relative_to(exports.resolve()):
            continue
        stat = path.stat()
        name = path.relative_to(exports).as_posix()
        members = _members(path) if path.suffix.lower() == ".zip" else [""]
        found += [
            Delivered(
                f"{name}{MEMBER_SEPARATOR}{member}" if member else name,
                path, member, stat.st_size, stat.st_mtime_ns,
            )
            for member in members
        ]
    return found


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError):
        return [""]
    return sorted(n for n in names if not n.startswith("__MACOSX/")) or [""]


def delivered_at(file: Delivered, pattern: str) -> datetime:
    """When the file was delivered (UTC): the date in its path that the pattern finds, else its
    modification time. A date alone counts as the end of that day."""
    match = re.search(pattern, file.name) if pattern else None
    if match is None:
        return file.modified_at
    digits = re.sub(r"\D", "", match.group(match.lastindex or 0))
    if len(digits) < 8:
        return file.modified_at
    day = datetime.strptime(digits[:8], "%Y%m%d").replace(tzinfo=UTC)
    time = digits[8:14].ljust(6, "0") if len(digits) > 8 else "235959"
    return day.replace(hour=int(time[:2]), minute=int(time[2:4]), second=int(time[4:6]))


def is_plain(file: Delivered) -> bool:
    """Whether the file can be read where it lies."""
    return not file.member and file.path.suffix.lower() not in (".gz", ".zip")


def unpack(file: Delivered, target: Path) -> Path:
    """Opens an archive member or gzip into `target`; checksums are verified by reading to the end.

    Raises:
        UnreadableFile: truncated, damaged, encrypted, or growing beyond all measure.
    """
    limit = max(MIN_BOMB_BYTES, file.path.stat().st_size * MAX_EXPANSION_RATIO)
    try:
        with _open(file) as stream, target.open("wb") as out:
            written = 0
            while chunk := stream.read(CHUNK_BYTES):
                written += len(chunk)
                if written > limit:
                    raise UnreadableFile(
                        f"unpacks to more than {MAX_EXPANSION_RATIO} times its size; deliver it unpacked"
                    )
                out.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, RuntimeError, OSError, ValueError) as error:
        raise UnreadableFile(f"damaged archive ({error}); deliver it again") from error
    return target


def _open(file: Delivered) -> BinaryIO:
    if file.path.suffix.lower() == ".zip":
        archive = zipfile.ZipFile(file.path)
        if not file.member:
            raise zipfile.BadZipFile("holds no file")
        return archive.open(file.member)  # type: ignore[return-value]
    return gzip.open(file.path, "rb")


def inspect(path: Path) -> Bytes:
    """Reads a file once: SHA-256, newlines, and whether a line is longer than any real one."""
    digest = hashlib.sha256()
    newlines = returns = size = since_newline = 0
    last = b""
    is_long = False
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            newlines += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            since_newline = since_newline + len(chunk) if end < 0 else len(chunk) - end - 1
            is_long = is_long or since_newline > CHUNK_BYTES
            last = chunk[-1:]
    return Bytes(digest.hexdigest(), size, newlines, returns, last in (b"\n", b"\r"), is_long, size == 0)


def needs_transcoding(path: Path, encoding: str) -> str:
    """The codec a text file must be rewritten from, or empty when it is UTF-8 already."""
    with path.open("rb") as file:
        head = file.read(4)
    for mark, codec in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return codec
    return "" if encoding in ("utf-8", "utf_8", "utf-8-sig", "ascii") else encoding


def transcode(path: Path, codec: str, target: Path) -> Path:
    """Rewrites a text file as UTF-8; bare carriage returns become line feeds.

    Raises:
        UnreadableFile: the bytes are not text in that encoding.
    """
    try:
        with path.open(encoding=codec) as text, target.open("w", encoding="utf-8", newline="") as out:
            shutil.copyfileobj(text, out, CHUNK_BYTES)
    except UnicodeError as error:
        raise UnreadableFile(f"not {codec} text ({error.__class__.__name__}); correct `encoding`") from error
    return target


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines of a file with their number; an overlong line comes as its first bytes plus a mark
    that no text holds, so that memory stays bounded."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                line = OVERLONG
            yield number, line


OVERLONG = b"\xff\xfe overlong"
