"""Finds out what kind of file an export is: encoding, dialect, form of JSON."""

import codecs
import csv
import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import charset_normalizer

from orchestration.base.text import one_line
from orchestration.landing import export_file, text_files
from orchestration.landing.export_file import UnreadableFile
from orchestration.landing.read import documents, headers, workbooks
from orchestration.onboarding import title_rows
from orchestration.onboarding.columns import NAMELESS
from orchestration.sources.file_settings import FileSet

_TEXT_SAMPLE = 1 << 20
_DIALECT_SAMPLE = 1 << 18
_DIALECT_RECORDS = 300
_DELIMITERS = (",", ";", "\t", "|", "^", "~")
_LIKELY_CODECS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "iso8859_15", "mac_roman", "cp850"),
    *("shift_jis", "euc_kr", "gb18030", "big5"),
]


@dataclass(frozen=True)
class DetectedFormat:
    """What the file is, before its columns are looked at; `warnings` go to the top of the draft."""

    options: FileSet
    remarks: dict[str, str]
    warnings: list[str]


_BINARY = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"SQLite": "a SQLite database",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"BZh": "a bzip2 archive",
}


def detect_format(path: Path, name: str) -> DetectedFormat:
    """Looks at an unpacked file of that name.

    Raises:
        UnreadableFile: empty, or of no format that can be landed.
    """
    with path.open("rb") as file:
        start = file.read(_TEXT_SAMPLE)
    if not start:
        raise UnreadableFile("the file is empty")
    if start.startswith(b"PAR1"):
        return DetectedFormat(FileSet(glob="*", format="parquet", feeds={}), {}, [])
    for magic, what in _BINARY.items():
        if start.startswith(magic):
            raise UnreadableFile(f"{what}; export it as CSV, JSON lines or Parquet")
    if start.startswith((text_files.ARCHIVE, text_files.COMPOUND_FILE)):
        return _detect_workbook(path)
    encoding, remark = _encoding(path, start)
    if not encoding:
        raise UnreadableFile("neither text nor Parquet; export it as CSV, JSON lines or Parquet")
    text = start.decode(encoding, errors="replace").lstrip("\ufeff")
    remarks = {"encoding": remark} if remark else {}
    json_format, records = _json_form(path, text, name)
    if json_format:
        options = FileSet(glob="*", format=json_format, records=records, encoding=encoding, feeds={})
        return DetectedFormat(options, remarks, [])
    separator = headers.separator_named(text)
    text = text.partition("\n")[2] if separator else text
    delimiter, quote = _dialect(text, separator)
    top = title_rows.top_of(text, delimiter, quote)
    # Names of columns by position, so that no cell is taken for one.
    header = [] if top.header_rows else [f"{NAMELESS}{i + 1}" for i in range(top.n_columns)]
    options = FileSet(
        glob="*",
        format="tsv" if delimiter == "\t" else "csv",
        delimiter=delimiter,
        quote=quote,
        encoding=encoding,
        skip=top.skip,
        header=header,
        header_rows=max(1, top.header_rows),
        feeds={},
    )
    return DetectedFormat(options, remarks, _quote_warnings(text, quote))


def _detect_workbook(path: Path) -> DetectedFormat:
    """Which sheet of a workbook is read, and which others there are.

    Raises:
        UnreadableFile: it is no workbook that can be read.
    """
    sheet = workbooks.Sheet()
    top = title_rows.top_of_sheet(path, FileSet(glob="*", format="xlsx", feeds={}), sheet)
    header = [] if top.header_rows else [f"{NAMELESS}{i + 1}" for i in range(top.n_columns)]
    options = FileSet(
        glob="*",
        format="xlsx",
        sheet=sheet.name if sheet.others else "",
        skip=top.skip,
        header=header,
        header_rows=max(1, top.header_rows),
        feeds={},
    )
    warnings = []
    if sheet.others:
        others = ", ".join(map(one_line, sheet.others[:10]))
        warnings.append(
            f"The sheet {one_line(sheet.name)} is read. To read another, write its name under sheet: {others}"
        )
    if sheet.n_uncalculated:
        warnings.append(
            f"{sheet.n_uncalculated:,} formulas were never calculated and read as empty. Open the workbook "
            "in Excel and save it."
        )
    if sheet.n_errors:
        warnings.append(
            f"{sheet.n_errors:,} of the first cells hold an error such as #N/A and read as empty."
        )
    return DetectedFormat(options, {}, warnings)


def _encoding(path: Path, start: bytes) -> tuple[str, str]:
    """Encoding, empty where it is no text, and a remark on it."""
    for mark, codec in text_files.BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return codec.removesuffix("-sig"), "the file says so itself (byte order mark)"
    first = start[:4096]
    nulls, even = first.count(0), first[::2].count(0)
    if nulls:
        if nulls < len(first) // 4:
            return "", ""
        codec = "utf-16-be" if even > nulls - even else "utf-16-le"
        return codec, "no byte order mark; judged by its zero bytes"
    foreign = _not_utf8(path)
    if not foreign:
        return "utf-8", ""
    best = charset_normalizer.from_bytes(foreign, cp_isolation=_LIKELY_CODECS, enable_fallback=False).best()
    guess = best.encoding if best else "cp1252"
    # The western code pages agree on nearly every letter; the one Windows writes is the safest bet.
    same = best is not None and "cp1252" in best.could_be_from_charset
    return ("cp1252" if same else guess), "<- guessed: look at names with accents in `sources check`"


def _not_utf8(path: Path) -> bytes:
    """Lines with bytes beyond ASCII, if the file is no UTF-8; else nothing."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, foreign = True, b""
    with path.open("rb") as file:
        while chunk := file.read(export_file.CHUNK_BYTES):
            if is_utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
            if len(foreign) < _TEXT_SAMPLE // 4 and not chunk.isascii():
                foreign += b"\n".join(line for line in chunk.splitlines() if not line.isascii())
            if not is_utf8 and len(foreign) >= _TEXT_SAMPLE // 4:
                break
    return b"" if is_utf8 else foreign[: _TEXT_SAMPLE // 4]


def _json_form(path: Path, text: str, name: str) -> tuple[Literal["json", "jsonl", ""], str]:
    """Format of JSON (empty where it is none), and where its records stand in what wraps them."""
    stripped = text.lstrip()
    if stripped.startswith("[") and re.match(r"\[\s*(\{|\]|$)", stripped):
        return "json", ""
    if not stripped.startswith("{"):
        return "", ""
    first = stripped.partition("\n")[0]
    try:
        is_line = isinstance(json.loads(first), dict)
    except ValueError:
        is_line = False
    try:
        records = ".".join(documents.guessed(path) or ())
    except UnreadableFile:
        is_named = re.search(r"\.(json|jsonl|ndjson)", name.lower())
        return ("jsonl" if is_line else "json" if is_named else ""), ""
    return ("jsonl" if is_line and not records else "json"), records


def _dialect(text: str, separator: str = "") -> tuple[str, str]:
    """Delimiter (one that the file itself names is settled) and quote that most records agree on."""
    sample = text[:_DIALECT_SAMPLE]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = (separator or ",", '"'), 0.0
    for quote in ('"', "'", ""):
        if quote == "'" and not re.search(r"([,;\t|]'[^'\n]*'){2}[,;\t|\r\n]", sample):
            continue
        for delimiter in separator or _DELIMITERS:
            score = _consistency(sample, delimiter, quote)
            # Another quoting must earn its place: most files hold no quotes at all.
            if score > best_score * (1.0 if quote == '"' else 1.1):
                best, best_score = (delimiter, quote), score
    return best


def _consistency(sample: str, delimiter: str, quote: str) -> float:
    csv.field_size_limit(text_files.MAX_LINE_BYTES)
    reader = csv.reader(
        io.StringIO(sample, newline=""),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )
    widths: Counter[int] = Counter()
    n_broken = 0
    while sum(widths.values()) + n_broken < _DIALECT_RECORDS:
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error:
            n_broken += 1
            continue
        if record:
            widths[len(record)] += 1
    if not widths:
        return 0.0
    width, n_same = widths.most_common(1)[0]
    agreement: float = n_same / (sum(widths.values()) + n_broken)
    return 0.01 * agreement if width == 1 else agreement + 0.01 * min(width, 40)


def _quote_warnings(text: str, quote: str) -> list[str]:
    if '\\"' in text and '""' not in text and quote:
        return [r"Quotes inside values are escaped with a backslash (\"); Faultline reads doubled ones only."]
    return []
