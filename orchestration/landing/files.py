"""Delivered files: finding them, opening what is packed, and reading their bytes once."""

import codecs
import errno
import gzip
import hashlib
import lzma
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, cast
from zoneinfo import ZoneInfo

import numpy as np

from orchestration.errors import ConfigurationError
from orchestration.sources.file_settings import MEMBER_SEPARATOR, glob_parts
from orchestration.sources.source_files import Source

CHUNK_BYTES = 1 << 20
_PLACE_BYTES = 1 << 16
_LINE_FEED = ord("\n")
# A line longer than this is damage, not data; DuckDB drops such lines without a word.
MAX_LINE_BYTES = 2_000_000
# Replaces a line that is too long to keep; no text holds these bytes.
OVERLONG = b"\xff\xfe overlong"
# Beyond this a small archive that unpacks to a huge file is refused.
MAX_EXPANSION_RATIO = 300
MIN_BOMB_BYTES = 1 << 30
_DISAPPEARED = "it disappeared while it was read"
_LONGEST_ZIP_END = 22 + 0xFFFF  # the end of an archive's directory, with the longest comment
# Names, and what damage takes for names: it may be somebody's data.
_QUOTED = re.compile(r"b?['\"].*['\"]", re.DOTALL)

ARCHIVE = b"PK\3\4"
COMPOUND_FILE = b"\xd0\xcf\x11\xe0"
"""How archives begin, workbooks among them; and old or encrypted workbooks."""
BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)


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


@dataclass(frozen=True)
class FileProfile:
    """What one pass over a plain file finds: its digest, counts, and signs of damage."""

    digest: str
    n_lines: int
    n_delimiters: int
    has_long_line: bool
    is_clean_text: bool


# ---------------------------------------------------------------- finding


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
            members = _members(path)
        except UnreadableFile as error:
            problem = str(error)
    full_names = {member: f"{shown}{MEMBER_SEPARATOR}{member}" if member else shown for member in members}
    return [
        ExportFile(full, path, member, stat.st_size, stat.st_mtime_ns, problem)
        for member, full in full_names.items()
    ]


def _members(path: Path) -> list[str]:
    with _archive_damage(), zipfile.ZipFile(path) as archive:
        _require_all_members(path, len(archive.infolist()))
        files = [info.filename for info in archive.infolist() if not info.is_dir()]
    members = sorted(name for name in files if not name.startswith("__MACOSX/"))
    if not members:
        raise UnreadableFile("the archive holds no file")
    if len(set(members)) < len(members):
        raise UnreadableFile("the archive holds two files of one name; pack it again")
    return members


def _require_all_members(path: Path, n_found: int) -> None:
    """An entry whose length is damaged swallows those after it, and the reader would not say so."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, _LONGEST_ZIP_END), os.SEEK_END)
        tail = file.read()
    n_promised = int.from_bytes(tail[tail.rfind(b"PK\5\6") + 10 :][:2], "little")
    # All bits are set where a ZIP64 record holds the number; without it the number has 16 bits.
    if n_promised not in (n_found & 0xFFFF, 0xFFFF):
        raise UnreadableFile(f"damaged archive ({n_found} of {n_promised} members found); deliver it again")


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


# ---------------------------------------------------------------- opening


def is_plain(file: ExportFile) -> bool:
    """Whether the file can be read where it lies."""
    return not file.member and file.path.suffix.lower() not in (".gz", ".zip")


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


# ---------------------------------------------------------------- reading


def inspect(path: Path, delimiter: str = "") -> FileProfile:
    """Reads a plain file once: SHA-256, lines, delimiters, overlong lines, and whether it is clean UTF-8."""
    digest = hashlib.sha256()
    mark = delimiter.encode()
    decoder = codecs.getincrementaldecoder("utf-8")()
    n_lines = n_delimiters = in_line = 0
    tail = b""
    is_long, is_clean = False, True
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            seen = np.frombuffer(chunk, np.uint8)
            n_lines += int(np.count_nonzero(seen == _LINE_FEED))
            if len(mark) == 1:
                n_delimiters += int(np.count_nonzero(seen == mark[0]))
            elif mark:
                n_delimiters += (tail + chunk if tail else chunk).count(mark)
                tail = chunk[len(chunk) - len(mark) + 1 :]
            first = chunk.find(b"\n")
            is_long |= in_line + (first if first >= 0 else len(chunk)) > MAX_LINE_BYTES
            in_line = len(chunk) - chunk.rfind(b"\n") - 1 if first >= 0 else in_line + len(chunk)
            is_clean = is_clean and b"\0" not in chunk and _is_decodable(decoder, chunk)
        is_clean = is_clean and _is_decodable(decoder, b"", final=True)
    return FileProfile(digest.hexdigest(), n_lines + (in_line > 0), n_delimiters, is_long, is_clean)


def _is_decodable(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    if chunk.isascii() and not decoder.getstate()[0]:
        return True
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


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


def lines_throughout(paths: Sequence[Path], n: int) -> Iterator[bytes]:
    """The lines after about so many places, spread evenly over the bytes of plain files, and the last."""
    sizes = [path.stat().st_size for path in paths]
    n_bytes = max(1, sum(sizes))
    for path, size in zip(paths, sizes, strict=True):
        n_here = max(1, n * size // n_bytes)
        with path.open("rb") as file:
            for i in range(n_here):
                file.seek(size * (i + 1) // (n_here + 1))
                file.readline(MAX_LINE_BYTES)
                yield file.readline(_PLACE_BYTES)  # a longer line is cut, and of no use
            file.seek(max(0, size - _PLACE_BYTES))
            yield file.read().rstrip().rpartition(b"\n")[2]


def require_text(path: Path) -> None:
    """Makes sure that a file that should be text is no archive.

    Raises:
        UnreadableFile: it is an archive or a workbook.
    """
    with path.open("rb") as file:
        head = file.read(len(ARCHIVE))
    if head in (ARCHIVE, COMPOUND_FILE):
        raise UnreadableFile("an Excel workbook or another archive, no text; a workbook needs `format: xlsx`")


def needs_transcoding(path: Path, encoding: str) -> str:
    """The codec a text file must be rewritten from, or empty when it is UTF-8 with line feeds already.

    A byte order mark overrides the encoding of the source file.
    """
    with path.open("rb") as file:
        head = file.read(CHUNK_BYTES)
    for mark, codec in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return codec
    if encoding not in ("utf-8", "utf-8-sig", "ascii"):
        return encoding
    return "utf-8" if _is_of_returns(head) else ""


def has_bare_returns(path: Path) -> bool:
    """Whether bare carriage returns end the lines of a plain file."""
    with path.open("rb") as file:
        return _is_of_returns(file.read(CHUNK_BYTES))


def _is_of_returns(head: bytes) -> bool:
    return b"\r" in head and b"\n" not in head


def transcode(path: Path, codec: str, target: Path) -> Path:
    """Rewrites a text file as UTF-8; where bare carriage returns end its lines, line feeds do then.

    Bytes that mean nothing in the encoding are kept, so that only their lines are found damaged.

    Raises:
        UnreadableFile: the file as a whole is not text in that encoding.
    """
    errors = "surrogateescape"
    try:
        with path.open(encoding=codec, errors=errors, newline="") as text:
            head = text.read(CHUNK_BYTES)
        newline = None if "\r" in head and "\n" not in head else ""
        with (
            path.open(encoding=codec, errors=errors, newline=newline) as text,
            target.open("w", encoding="utf-8", errors=errors, newline="") as out,
        ):
            shutil.copyfileobj(text, out, CHUNK_BYTES)
    except UnicodeError as error:
        raise UnreadableFile(f"not {codec} text ({error.__class__.__name__}); correct `encoding`") from error
    return target


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines of a file with their number; `OVERLONG` replaces one that is too long to keep."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                line = OVERLONG
            yield number, line
