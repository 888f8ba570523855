"""Excel workbooks (.xlsx): the rows of one sheet, written as the CSV that the other readers know.

Each row keeps its number in the sheet. Cells become the text that the source system shows: ISO dates and
times, durations as hours, whole numbers without decimals. Cells with an error (`#N/A`) are empty.
"""

import csv
import errno
import io
import mmap
import re
import warnings
import zipfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from orchestration.landing import archives, export_file, text_files
from orchestration.landing.export_file import UnreadableFile
from orchestration.landing.people import hashing
from orchestration.landing.read import cell_text
from orchestration.landing.read.documents import RewrittenFile
from orchestration.landing.read.headers import joined_names
from orchestration.sources.file_settings import FileSet

SAVE_AS = "open it in Excel and save it as an Excel workbook (.xlsx)"
_TEXT_BYTES = 256 << 20
"""Most that the parts of a workbook may hold that are kept in memory, unpacked: texts, styles, names."""
_STREAMED = ("xl/worksheets/", "xl/media/", "xl/drawings/", "xl/pivotCache/")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TAIL_BYTES = 4096
_MOST_ABOVE = 1_000
"""How many rows may stand above the names; `skip` allows as many."""
_MOST_BESIDE = 100
"""How far beside the table a value may stand."""
_MARKS = re.compile(
    rb"<(?:\w+:)?(?P<row>row)[\s/>]|<(?:\w+:)?mergeCell\s(?P<merge>[^>]*)>"
    rb"|(?P<formula></(?:\w+:)?f>|<(?:\w+:)?f\s[^<>]*/>|<(?:\w+:)?f/>)\s*</(?:\w+:)?c>"
    rb"|(?P<end></(?:\w+:)?sheetData>|<(?:\w+:)?sheetData/>)"
)
_RANGE = re.compile(rb"""\bref\s*=\s*["']\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})["']""")


@dataclass
class Sheet:
    """One sheet as it was read: its name, those of the others, and the problems of its cells."""

    name: str = ""
    others: list[str] = field(default_factory=list)
    n_errors: int = 0
    n_uncalculated: int = 0


def rewrite(
    path: Path, target: Path, options: FileSet, *, limit: int | None = None, sheet: Sheet | None = None
) -> RewrittenFile:
    """Writes the rows of the sheet that the options mean to a CSV file; empty rows are no records.

    A merged cell counts for every row that it covers. The first row with a value holds the names of the
    columns, unless the options name them.

    Args:
        path: the unpacked workbook.
        target: the CSV file to write.
        options: the settings `sheet`, `skip`, `header`, `header_rows` and `decimal` count.
        limit: how many records to read at most.
        sheet: filled with what was found.

    Raises:
        UnreadableFile: damaged, encrypted, of another kind, without that sheet, or too large unpacked.
        OSError: the disk is full.
    """
    found = sheet if sheet is not None else Sheet()
    with _opened(path) as book:
        part = _chosen(book, options.sheet, found)
        facts = _scanned(book, part)
        found.n_uncalculated = facts.n_uncalculated
        rows = _Rows(book, part, facts, options, found)
        return _Writer(path, target, options).write(rows, limit)


def top_of(path: Path, options: FileSet, limit: int, sheet: Sheet) -> str:
    """The first rows of a sheet as CSV, a line each with those that are empty; `sheet` is filled.

    Raises:
        UnreadableFile: as `rewrite` does.
    """
    with _opened(path) as book:
        part = _chosen(book, options.sheet, sheet)
        facts = _scanned(book, part)
        sheet.n_uncalculated = facts.n_uncalculated
        rows = list(islice(_Rows(book, part, facts, options, sheet), limit))
    width = max((len(row) for _, row in rows), default=0)
    written, above = io.StringIO(), 0
    for number, row in rows:
        if number > _MOST_ABOVE + limit:
            break
        written.write("\n" * max(0, number - above - 1))
        one_line = [" ".join(cell.split()) for cell in row]
        csv.writer(written, lineterminator="\n").writerow(one_line + [""] * (width - len(row)))
        above = number
    return written.getvalue()


def csv_options(options: FileSet) -> FileSet:
    """The options to read with what `rewrite` wrote."""
    read = {"format": "csv", "delimiter": ",", "quote": '"', "encoding": "utf-8", "skip": 0, "header_rows": 1}
    return options.model_copy(update=read)


# ---------------------------------------------------------------- opening


@dataclass(frozen=True)
class _Book:
    """An open workbook: places of its sheets by name in `parts`, number formats by style in `formats`."""

    archive: zipfile.ZipFile
    parts: dict[str, str]
    hidden: frozenset[str]
    texts: Sequence[str]
    formats: Sequence[str]
    epoch: datetime

    def format_of(self, style: int) -> str:
        """How cells of a style show their number."""
        return self.formats[style] if style < len(self.formats) else "General"


@contextmanager
def _opened(path: Path) -> Iterator[_Book]:
    """The workbook; whatever its reader raises is a finding about the file."""
    _require_workbook(path)
    from openpyxl.reader.excel import ExcelReader

    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
    try:
        with path.open("rb") as file:
            # Not all at once: odd styles, properties and names of ranges would keep the rows from being read.
            reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
            reader.read_manifest()
            reader.read_strings()
            reader.read_workbook()
            found = [(s, rel.target) for s, rel in reader.parser.find_sheets() if "worksheet" in rel.Type]
            yield _Book(
                archive=reader.archive,
                parts={sheet.name: target for sheet, target in found},
                hidden=frozenset(sheet.name for sheet, _ in found if sheet.state != "visible"),
                texts=reader.shared_strings,
                formats=_number_formats(reader),
                epoch=reader.wb.epoch,
            )
    except UnreadableFile:
        raise
    except MemoryError as error:
        raise UnreadableFile("the workbook needs more memory than there is; export it as CSV") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # the disk, not a damaged directory of the archive
            raise
        raise _damaged(error) from error
    except Exception as error:  # the reader has no error of its own
        raise _damaged(error) from error


def _number_formats(reader: Any) -> list[str]:
    """The number format of each style of cells."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS
    from openpyxl.xml.constants import SHEET_MAIN_NS, STYLES_TYPE

    part = reader.package.find(STYLES_TYPE)
    if part is None or part.PartName[1:] not in reader.valid_files:
        return []
    with reader.archive.open(part.PartName[1:]) as stream:
        styles = ElementTree.parse(stream)  # noqa: S314 - the parser bounds what entities expand to
    names = {"s": SHEET_MAIN_NS}
    own = {
        int(one.get("numFmtId", 0)): one.get("formatCode", "")
        for one in styles.iterfind(".//s:numFmt", names)
    }
    numbers = (int(one.get("numFmtId", 0)) for one in styles.iterfind("s:cellXfs/s:xf", names))
    return [own.get(number) or BUILTIN_FORMATS.get(number, "General") for number in numbers]


def _damaged(error: Exception) -> UnreadableFile:
    return UnreadableFile(f"a damaged workbook ({type(error).__name__}); {SAVE_AS}, or export it as CSV")


def _require_workbook(path: Path) -> None:
    """Makes sure that the file is a workbook of a size that can be read.

    Raises:
        UnreadableFile: it is of another kind, encrypted, damaged, or grows beyond all measure.
    """
    with path.open("rb") as file:
        head = file.read(_TAIL_BYTES)
    if not head:
        raise UnreadableFile("the file is empty")
    if head.startswith(text_files.COMPOUND_FILE):
        raise UnreadableFile(
            "the workbook is encrypted; save it without a password"
            if _holds(path, _ENCRYPTED)
            else f"a workbook of the old kind (.xls); {SAVE_AS}"
        )
    if not head.startswith(b"PK"):
        is_page = re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|table|\?xml)", head, re.IGNORECASE)
        what = "a page or XML under the name of a workbook" if is_page else "no Excel workbook"
        raise UnreadableFile(f"{what}; {SAVE_AS}, or correct `format`")
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            is_open_document = "mimetype" in names and b"opendocument" in archive.read("mimetype")[:200]
    except Exception as error:
        raise _damaged(error) from error
    if is_open_document:
        raise UnreadableFile(f"an OpenDocument sheet (.ods); {SAVE_AS}")
    if "xl/workbook.bin" in names:
        raise UnreadableFile(f"a binary workbook (.xlsb); {SAVE_AS}")
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise UnreadableFile("an archive, but no Excel workbook; correct `glob` or `format`")
    n_bytes = sum(part.file_size for part in parts)
    if n_bytes > max(archives.MIN_BOMB_BYTES, path.stat().st_size * archives.MAX_EXPANSION_RATIO):
        raise UnreadableFile(
            f"unpacks to more than {archives.MAX_EXPANSION_RATIO} times its size; export it as CSV"
        )
    if sum(part.file_size for part in parts if not part.filename.startswith(_STREAMED)) > _TEXT_BYTES:
        raise UnreadableFile(f"its texts and styles take more than {_TEXT_BYTES >> 20} MB; export it as CSV")


def _holds(path: Path, what: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(what) >= 0


def _chosen(book: _Book, wanted: str, found: Sheet) -> str:
    """Where the sheet of that name or number is; without one the first that is not hidden."""
    names = list(book.parts)
    if not names:
        raise UnreadableFile("the workbook holds no sheet with cells")
    by_name = {name.casefold(): name for name in names}
    if not wanted:
        chosen = next((name for name in names if name not in book.hidden), names[0])
    elif wanted.casefold() in by_name:
        chosen = by_name[wanted.casefold()]
    elif wanted.isdecimal() and 0 < int(wanted) <= len(names):
        chosen = names[int(wanted) - 1]
    else:
        listed = ", ".join(repr(hashing.shown(name)) for name in names[:10])
        raise UnreadableFile(f"there is no sheet {wanted!r} in it, only {listed}; correct `sheet`")
    found.name = chosen
    found.others = [name for name in names if name != chosen]
    return book.parts[chosen]


# ---------------------------------------------------------------- what the reader does not say


@dataclass(frozen=True)
class _Merge:
    first: int
    last: int
    column: int


@dataclass
class _Facts:
    """Of a sheet: its rows, merged cells of several rows, and formulas that nothing ever calculated.

    `is_whole` says that the end of the rows is there.
    """

    n_rows: int = 0
    is_whole: bool = False
    n_uncalculated: int = 0
    merges: dict[int, list[_Merge]] = field(default_factory=dict)


def _scanned(book: _Book, part: str) -> _Facts:
    """Goes over the text of a sheet once: merged cells stand behind the rows that they cover."""
    from openpyxl.utils.cell import column_index_from_string

    facts = _Facts()
    with book.archive.open(part) as stream:
        for mark in _marks(stream):
            if mark["row"]:
                facts.n_rows += not facts.is_whole
            elif mark["formula"]:
                facts.n_uncalculated += 1
            elif mark["end"]:
                facts.is_whole = True
            elif place := _RANGE.search(mark["merge"]):
                first, last = int(place[2]), int(place[4])
                if last > first:
                    column = column_index_from_string(place[1].decode())
                    facts.merges.setdefault(first, []).append(_Merge(first, last, column))
    return facts


def _marks(stream: Any) -> Iterator[re.Match[bytes]]:
    """Matches in a stream; one that crosses the end of a chunk is found with the next."""
    text = b""
    while chunk := stream.read(export_file.CHUNK_BYTES):
        text += chunk
        bound = max(0, len(text) - _TAIL_BYTES)
        for mark in _MARKS.finditer(text):
            if mark.start() >= bound:
                break
            yield mark
        text = text[bound:]
    yield from _MARKS.finditer(text)


# ---------------------------------------------------------------- rows and cells


class _Rows:
    """The rows of a sheet that hold something, each with its number, as text."""

    def __init__(self, book: _Book, part: str, facts: _Facts, options: FileSet, found: Sheet) -> None:
        self._book, self._part, self._facts = book, part, facts
        self._decimal, self._found = options.decimal, found
        self._merges: dict[int, tuple[int, str]] = {}  # by column: the last row, and the value

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        n_seen = 0
        try:
            for number, cells in self._parsed():
                n_seen += 1
                row = [""] * max((cell["column"] for cell in cells), default=0)
                for cell in cells:
                    row[cell["column"] - 1] = self._text(cell)
                if self._facts.merges or self._merges:
                    row = self._filled(number, row)
                while row and not row[-1]:
                    row.pop()
                if row:
                    yield number, row
        except (UnreadableFile, OSError, MemoryError):
            raise
        except Exception:
            # Filters and rules of validation follow the rows; the reader skips them.
            if not self._facts.is_whole or n_seen < self._facts.n_rows:
                raise

    def _parsed(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Rows as the reader finds them. Its public iteration leaves out rows that do not ascend."""
        from openpyxl.styles.numbers import is_date_format, is_timedelta_format
        from openpyxl.worksheet._reader import WorkSheetParser

        formats = list(enumerate(self._book.formats))
        with self._book.archive.open(self._part) as stream:
            yield from WorkSheetParser(
                stream,
                self._book.texts,
                data_only=True,
                epoch=self._book.epoch,
                date_formats={style for style, code in formats if is_date_format(code)},
                timedelta_formats={style for style, code in formats if is_timedelta_format(code)},
            ).parse()

    def _text(self, cell: dict[str, Any]) -> str:
        value = cell["value"]
        if value is None:
            return ""
        if cell["data_type"] == "e":
            self._found.n_errors += 1
            return ""
        if isinstance(value, str):
            return cell_text.plain(value)
        if isinstance(value, bool):
            return "true" if value else "false"
        number_format = self._book.format_of(cell["style_id"])
        if isinstance(value, int | float):
            return cell_text.number(value, number_format, self._decimal)
        return cell_text.moment(value, number_format, self._book.epoch)

    def _filled(self, number: int, row: list[str]) -> list[str]:
        """The row with the values of merged cells that began above; they alone do not make a row."""
        for column, (last, _) in list(self._merges.items()):
            if number > last:
                del self._merges[column]
        if any(row):
            for column, (_, value) in self._merges.items():
                row += [""] * (column - len(row))
                row[column - 1] = row[column - 1] or value
        for merge in self._facts.merges.get(number, ()):
            if merge.column <= len(row) and row[merge.column - 1]:
                self._merges[merge.column] = merge.last, row[merge.column - 1]
        return row


# ---------------------------------------------------------------- writing


def _names(rows: Iterable[tuple[int, list[str]]]) -> list[str]:
    """The names of columns out of the rows that hold them, each in one line."""
    cells = [[" ".join(name.split()) for name in row] for _, row in rows]
    if not cells:
        raise UnreadableFile("the sheet is empty; name another with `sheet`, or correct `skip`")
    return joined_names(cells)


class _Writer:
    """Writes rows as CSV of one width, which is known at the end only."""

    def __init__(self, path: Path, target: Path, options: FileSet) -> None:
        self._target, self._header = target, options.header
        self._n_above, self._header_rows = options.skip, options.header_rows
        self._done = RewrittenFile(path, target, array("q"), [], format="csv")

    def write(self, rows: Iterable[tuple[int, list[str]]], limit: int | None) -> RewrittenFile:
        """Writes the header and at most so many records."""
        numbered = ((number, row) for number, row in rows if number > self._n_above)
        header = self._header or _names(islice(numbered, self._header_rows))
        width = widest = len(header)
        with self._target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            if not self._header:
                writer.writerow(header)
            for number, row in numbered:
                if limit is not None and len(self._done.numbers) >= limit:
                    break
                if problem := self._problem(row, width):
                    self._done.damage.append((number, problem))
                    continue
                widest = max(widest, len(row))
                writer.writerow(row + [""] * (width - len(row)))
                self._done.numbers.append(number)
        if widest > width:
            self._widen(widest)
        return self._done

    def _problem(self, row: Sequence[str], width: int) -> str:
        """Why a row is no record of the table; empty for one that is."""
        if self._header and len(row) > width:
            return f"{len(row)} columns where `header` has {width}"
        if len(row) > width + _MOST_BESIDE:
            return f"a value in column {len(row):,}, far beside the {width:,} columns of the table"
        n_characters = sum(map(len, row))
        if (
            n_characters > text_files.MAX_LINE_BYTES // 4
            and len("".join(row).encode()) > text_files.MAX_LINE_BYTES
        ):
            return f"longer than {text_files.MAX_LINE_BYTES:,} bytes"
        return ""

    def _widen(self, width: int) -> None:
        """Gives every row as many columns as the widest has; values beside the table have no column name."""
        narrow = self._target.with_name(f"{self._target.name}.narrow")
        self._target.replace(narrow)
        csv.field_size_limit(text_files.MAX_LINE_BYTES)
        with (
            narrow.open(encoding="utf-8", newline="") as source,
            self._target.open("w", encoding="utf-8", newline="") as out,
        ):
            writer = csv.writer(out, lineterminator="\n")
            writer.writerows(row + [""] * (width - len(row)) for row in csv.reader(source))
        narrow.unlink()
