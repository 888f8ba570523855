"""Text files as bytes: one pass for digest and counts, their encoding, and their lines."""

import codecs
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestration.landing.export_file import CHUNK_BYTES, UnreadableFile

_PLACE_BYTES = 1 << 16
_LINE_FEED = ord("\n")
# A line longer than this is damage, not data; DuckDB drops such lines without a word.
MAX_LINE_BYTES = 2_000_000
# Replaces a line that is too long to keep; no text holds these bytes.
OVERLONG = b"\xff\xfe overlong"
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


@dataclass(frozen=True)
class FileProfile:
    """What one pass over a plain file finds: its digest, counts, and signs of damage."""

    digest: str
    n_lines: int
    n_delimiters: int
    has_long_line: bool
    is_clean_text: bool


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
