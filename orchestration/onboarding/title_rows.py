"""Finds out where the records of a delimited file begin: titles above them, names in one row or two, or none.

Only the shape of cells counts. A row of names has no digits where the rows below it have some.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from orchestration.landing import text_files
from orchestration.landing.read import headers, workbooks
from orchestration.onboarding import vocabulary
from orchestration.sources.file_settings import FileSet

_SAMPLE_BYTES = 1 << 18
_SAMPLE_RECORDS = 300
_MOST_TITLES = 30
_TYPICAL = 0.9
_MANY_DIGITS = r"\d\D*\d\D*\d"


@dataclass(frozen=True)
class TitleRows:
    """Lines above the names, rows of names (0: the file has none), and columns of a record."""

    skip: int = 0
    header_rows: int = 1
    n_columns: int = 0


def top_of(text: str, delimiter: str, quote: str) -> TitleRows:
    """Where the records of a delimited text begin."""
    rows = _rows(text, delimiter, quote)
    widths = Counter(len(cells) for _, cells in rows if len(cells) > 1)
    if not widths:
        return TitleRows()
    width = widths.most_common(1)[0][0]
    start = _names_of(rows, width)
    body = [cells for _, cells in rows[start + 1 :] if len(cells) == width]
    if _is_record(rows[start][1], body):
        return _without_names(rows, start, width)
    if start and _spans(rows[start - 1][1], width):
        return TitleRows(rows[start - 1][0], 2, width)
    is_double = len(body) > 1 and rows[start + 1][1] is body[0] and _is_second(body[0], body[1:])
    return TitleRows(rows[start][0], 2 if is_double else 1, width)


def top_of_file(path: Path, options: FileSet) -> TitleRows:
    """The same of an unpacked file; a line such as `sep=;` is none of its lines."""
    codec = text_files.needs_transcoding(path, options.encoding) or "utf-8-sig"
    with path.open("rb") as file:
        text = file.read(_SAMPLE_BYTES).decode(codec, errors="replace").removeprefix("\ufeff")
    separator = headers.separator_named(text)
    if separator:
        text = text.partition("\n")[2]
    return top_of(text, separator or options.delimiter, options.quote)


def top_of_sheet(path: Path, options: FileSet, sheet: workbooks.Sheet) -> TitleRows:
    """The same of a workbook's sheet, which is described besides."""
    return top_of(workbooks.top_of(path, options, _SAMPLE_RECORDS, sheet), ",", '"')


def misreading(path: Path, options: FileSet) -> str:
    """Why a file has no names where its source file expects them, and the remedy; empty if it has them.

    Whoever reads names there takes titles or somebody's data for them.
    """
    if not options.has_header_line:
        return ""
    found = (
        top_of_sheet(path, options, workbooks.Sheet()) if options.is_workbook else top_of_file(path, options)
    )
    if not found.header_rows:
        return "its first line looks like a record and not like names; list the names under `header`"
    if found.skip != options.skip:
        return f"its names seem to stand below {found.skip} other lines; set `skip: {found.skip}`"
    return ""


def _rows(text: str, delimiter: str, quote: str) -> list[tuple[int, list[str]]]:
    """Records with the number of lines above each; blank lines are records without cells."""
    csv.field_size_limit(text_files.MAX_LINE_BYTES)
    lines = io.StringIO(text[:_SAMPLE_BYTES], newline="")
    if quote:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    rows, above = [], 0
    try:
        for cells in islice(reader, _SAMPLE_RECORDS):
            rows.append((above, [cell.strip() for cell in cells]))
            above = reader.line_num
    except csv.Error:
        pass
    return rows


def _n_filled(cells: Sequence[str]) -> int:
    return sum(map(bool, cells))


def _names_of(rows: list[tuple[int, list[str]]], width: int) -> int:
    """The row of names: of the first ones the least like what is below it, above the first record."""
    best, most = _first_after_titles(rows, width), 0
    for i, (_, cells) in enumerate(rows[:_MOST_TITLES]):
        body = [below for _, below in rows[i + 1 :] if len(below) == width and below != cells]
        n_like, n_unlike = _votes(cells, body) if len(cells) == width else (0, 0)
        if n_like > n_unlike:
            break
        if not n_like and n_unlike > most:
            best, most = i, n_unlike
    return best


def _first_after_titles(rows: list[tuple[int, list[str]]], width: int) -> int:
    for i, (_, cells) in enumerate(rows[:_MOST_TITLES]):
        is_short = len(cells) <= width / 2
        is_sparse = _n_filled(cells) <= max(1, width // 2) and _n_filled(cells) < width
        if not (is_short or is_sparse):
            return i
    return 0


def _votes(cells: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Columns whose values have digits: in how many the row has the same shape, and in how many no digit.

    `Q1` above 1 to 5 is neither: it has a digit, but no number of these has its shape.
    """
    n_like = n_unlike = 0
    for i, cell in enumerate(cells):
        values = [row[i] for row in body if row[i] and row[i] not in vocabulary.NULLS]
        n_digits = sum(map(_has_digit, values))
        if not cell or cell in vocabulary.NULLS or not values or n_digits < _TYPICAL * len(values):
            continue
        n_unlike += not _has_digit(cell)
        n_like += _has_digit(cell) and _shape(cell) in set(map(_shape, values))
    return n_like, n_unlike


def _has_digit(text: str) -> bool:
    return re.search(r"\d", text) is not None


def _shape(text: str) -> str:
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "x", text))


def _is_record(cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    n_like, n_unlike = _votes(cells, body)
    if n_like or n_unlike:
        return n_like > n_unlike
    if not body:
        return 2 * sum(bool(re.search(_MANY_DIGITS, cell)) for cell in cells) > _n_filled(cells)
    if cells in body:  # names are repeated on every page
        return False
    seen = sum(any(row[i] == cell for row in body) for i, cell in enumerate(cells) if cell)
    return 2 * seen >= _n_filled(cells) > 0


def _is_second(cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a row below names is one of names too: it has text where at least two columns have digits."""
    _, n_unlike = _votes(cells, body)
    return n_unlike > 1 and not any(map(_has_digit, cells))


def _spans(cells: Sequence[str], width: int) -> bool:
    """Whether a sparse row above the names is one of names that span columns."""
    filled = [cell for cell in cells if cell]
    is_of_words = all(re.search(r"[^\W\d_]", c) and not re.search(r"\d|:$", c) for c in filled)
    return len(cells) == width and len(filled) > 1 and is_of_words


def _without_names(rows: list[tuple[int, list[str]]], start: int, width: int) -> TitleRows:
    if start and _spans(rows[start - 1][1], width):  # names of some columns only
        return TitleRows(rows[start - 1][0], 1, width)
    n_titles = next(i for i, (_, cells) in enumerate(rows) if len(cells) == width)
    return TitleRows(rows[n_titles][0], 0, width)
