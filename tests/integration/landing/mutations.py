"""A thousand ways to spoil a delivery; each case is made by its number alone."""

import gzip
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq

from tests.integration.landing import sound

N_CASES = 1000
WHOLE = ""  # the name of what is no member of an archive


@dataclass(frozen=True)
class Case:
    """One delivery. `members` holds what unpacking it would give, by member name.

    Of `refused` ones nothing may land. `is_damaged` says that the packing is: then each member is
    refused or lands whole. `is_alone` keeps what costs much from the others.
    """

    number: int
    recipe: str
    file_set: str
    name: str
    content: bytes
    members: dict[str, bytes]
    refused: frozenset[str] = frozenset()
    is_damaged: bool = False
    is_alone: bool = False

    @property
    def folder(self) -> str:
        """Where it lies below the exports folder."""
        return f"{self.file_set}/{self.number}"


@dataclass
class Draft:
    """A delivery in the making: text formats begin as sound text in their encoding."""

    random: random.Random
    file_set: str
    content: bytes = b""
    name: str = ""
    members: dict[str, bytes] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    is_damaged: bool = False
    is_alone: bool = False

    @property
    def suffix(self) -> str:
        """The usual end of the file's name."""
        own = ("jsonl", "json", "parquet", "tsv", "xlsx")
        return f".{self.file_set}" if self.file_set in own else ".csv"

    @property
    def lines(self) -> list[bytes]:
        """Lines with their ends."""
        return self.content.splitlines(keepends=True)

    def place(self) -> int:
        """Any place in the content."""
        return self.random.randrange(len(self.content)) if self.content else 0

    def span(self, longest: int = 400) -> tuple[int, int]:
        """Any range of bytes."""
        start = self.place()
        return start, min(len(self.content), start + self.random.randint(1, longest))


Recipe = Callable[[Draft], None]
_RECIPES: list[tuple[str, Recipe, tuple[str, ...]]] = []


def recipe(*file_sets: str) -> Callable[[Recipe], Recipe]:
    """Registers a way of spoiling files of these sets."""

    def register(function: Recipe) -> Recipe:
        _RECIPES.append((function.__name__, function, file_sets))
        return function

    return register


# ---------------------------------------------------------------- bytes


@recipe(*sound.TEXTS)
def one_bit_flipped(draft: Draft) -> None:
    content = bytearray(draft.content)
    content[draft.place()] ^= 1 << draft.random.randrange(8)
    draft.content = bytes(content)


@recipe(*sound.TEXTS)
def bytes_replaced(draft: Draft) -> None:
    content = bytearray(draft.content)
    for _ in range(draft.random.randint(2, 8)):
        content[draft.place()] = draft.random.randrange(256)
    draft.content = bytes(content)


@recipe(*sound.TEXTS)
def cut(draft: Draft) -> None:
    draft.content = draft.content[: draft.place()]


@recipe(*sound.TEXTS)
def head_cut_off(draft: Draft) -> None:
    draft.content = draft.content[draft.place() :]


@recipe(*sound.TEXTS)
def range_doubled(draft: Draft) -> None:
    start, end = draft.span()
    draft.content = draft.content[:end] + draft.content[start:]


@recipe(*sound.TEXTS)
def ranges_swapped(draft: Draft) -> None:
    content = draft.content
    a, b, c, d = sorted(draft.random.randrange(len(content) + 1) for _ in range(4))
    draft.content = content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


@recipe(*sound.TEXTS)
def range_removed(draft: Draft) -> None:
    start, end = draft.span()
    draft.content = draft.content[:start] + draft.content[end:]


@recipe(*sound.TEXTS)
def rubbish_put_in(draft: Draft) -> None:
    at = draft.place()
    draft.content = (
        draft.content[:at] + draft.random.randbytes(draft.random.randint(1, 60)) + draft.content[at:]
    )


@recipe(*sound.TEXTS)
def nul_bytes_put_in(draft: Draft) -> None:
    at = draft.place()
    n = draft.random.choice((1, 1, 2, 512, 5000))
    draft.content = draft.content[:at] + b"\0" * n + draft.content[at:]


@recipe(*sound.TEXTS)
def marks_put_in(draft: Draft) -> None:
    """What gives a file its structure, in places where it gives another one."""
    marks = ['"', '""', ",", ";", "\t", "\n", "\r", "\r\n", "\\", "'", '",', ',"', "\n\n", "}", "{", "]", " "]
    codec = {"utf16": "utf-16-le", "latin1": "latin-1"}.get(draft.file_set, "utf-8")
    for _ in range(draft.random.randint(1, 3)):
        at = draft.place()
        if draft.file_set == "utf16":
            at -= at % 2
        draft.content = draft.content[:at] + draft.random.choice(marks).encode(codec) + draft.content[at:]


# ---------------------------------------------------------------- lines and encodings


def _text(draft: Draft) -> str:
    return draft.content.decode(sound.codec(draft.file_set))


def _write(draft: Draft, text: str, codec: str = "") -> None:
    draft.content = text.encode(codec or sound.codec(draft.file_set), "backslashreplace")


@recipe(*sound.TEXTS)
def line_ends_of_a_mac(draft: Draft) -> None:
    text = _text(draft).replace("\r\n", "\n").replace("\n", "\r")
    _write(draft, draft.random.choice(("", "", "\ufeff")) + text)


@recipe(*sound.TEXTS)
def line_ends_mixed(draft: Draft) -> None:
    ends = ["\n", "\r\n", "\r"] if draft.random.random() < 0.7 else ["\n", "\r\n"]
    lines = _text(draft).splitlines()
    _write(draft, "".join(line + draft.random.choice(ends) for line in lines))


@recipe(*sound.TEXTS)
def byte_order_marks(draft: Draft) -> None:
    marks = (
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xff\xfe\0\0",
        b"\0\0\xfe\xff",
        b"\xef\xbb",
        b"\xef\xbb\xbf" * 2,
    )
    at = 0 if draft.random.random() < 0.8 else draft.place()
    draft.content = draft.content[:at] + draft.random.choice(marks) + draft.content[at:]


@recipe(*sound.TEXTS)
def another_encoding(draft: Draft) -> None:
    codecs = (
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "utf-32-le",
        "cp1252",
        "utf-7",
        "cp500",
    )
    _write(draft, _text(draft), draft.random.choice(codecs))


@recipe(*sound.TEXTS)
def blank_lines(draft: Draft) -> None:
    lines = _text(draft).splitlines(keepends=True)
    for _ in range(draft.random.randint(1, 5)):
        blank = draft.random.choice(("\n", "\r\n", " \n", "\t\n", "   \r\n", "\x0b\n", "\xa0\n"))
        lines.insert(draft.random.randint(0, len(lines)), blank)
    _write(draft, "".join(lines))


@recipe(*sound.TEXTS)
def lines_moved(draft: Draft) -> None:
    lines = _text(draft).splitlines(keepends=True)
    for _ in range(draft.random.randint(1, 4)):
        a, b = draft.random.randrange(len(lines)), draft.random.randrange(len(lines))
        match draft.random.randrange(3):
            case 0:
                lines[a], lines[b] = lines[b], lines[a]
            case 1:
                lines.insert(a, lines[b])
            case _:
                lines.pop(a)
    _write(draft, "".join(lines))


@recipe("csv", "semicolon", "tsv", "jsonl", "json", "latin1")
def nothing_or_little(draft: Draft) -> None:
    first = draft.lines[0]
    choices = [
        b"",
        b"\n",
        b"\r\n",
        b" ",
        b"\0",
        first,
        first.rstrip(),
        first + b"\r\n\r\n",
        first * 2,
        b'"',
        b"{}",
        b"[]",
        b"[]\n",
        b"null",
        b"\xef\xbb\xbf",
    ]
    draft.content = draft.random.choice(choices)


@recipe(*sound.DELIMITED)
def a_quote_never_closes(draft: Draft) -> None:
    mark = sound.delimiter(draft.file_set)
    lines = _text(draft).splitlines(keepends=True)
    at = draft.random.randrange(1, len(lines))
    values = lines[at].split(mark)
    place = draft.random.randrange(len(values))
    values[place] = draft.random.choice(('"{}', '"{}" x', '{}"', '" {}', ' "{}', '"""{}', '"{}""')).format(
        values[place]
    )
    lines[at] = mark.join(values)
    _write(draft, "".join(lines))


@recipe("csv", "tsv", "jsonl", "semicolon")
def very_long(draft: Draft) -> None:
    n = draft.random.choice((70_000, 140_000, 1_100_000, 1_990_000, 2_000_001, 2_500_000, 5_000_000))
    filling = draft.random.choice(("x", "Numbat ", '""', "\\\\", "ü"))
    text = (filling * n)[: n - n % len(filling)]
    lines = _text(draft).splitlines(keepends=True)
    at = draft.random.randrange(1, len(lines))
    mark = sound.delimiter(draft.file_set)
    if draft.file_set == "jsonl":
        lines[at] = lines[at].replace('"reason": "', '"reason": "' + text.replace('"', "'"))
    elif draft.random.random() < 0.3:
        lines[at] = text + "\n"
    else:
        lines[at] = mark.join(["K9", "1", "2025-01-01 00:00:00", "Q1", "Quokka", "1", f'"{text}"']) + "\n"
    draft.is_alone = n > 2_000_000
    _write(draft, "".join(lines))


# ---------------------------------------------------------------- columns and values


def _rows(draft: Draft) -> list[dict[str, str]]:
    return sound.records()


def _deliver(draft: Draft, rows: list[dict[str, str]]) -> None:
    _write(draft, sound.text(draft.file_set, rows))


@recipe(*sound.DELIMITED)
def columns_swapped(draft: Draft) -> None:
    order = draft.random.sample(sound.FIELDS, len(sound.FIELDS))
    _deliver(draft, [{name: row[name] for name in order} for row in _rows(draft)])


@recipe(*sound.DELIMITED)
def headers_swapped(draft: Draft) -> None:
    """The names move and the values stay: nothing fits its column any more."""
    order = draft.random.sample(sound.FIELDS, len(sound.FIELDS))
    _deliver(draft, [dict(zip(order, row.values(), strict=True)) for row in _rows(draft)])


_ODD_NAMES = (
    "ID",
    "Id ",
    " id",
    "talk",
    "İD",
    "",
    " ",
    "column1",
    "id_",
    "zu lang" * 40,
    "a'b",
    "sel\\ect",
    "\u202eid",
    "_bad",
    "=id",
    "?record",
    "v",
)


@recipe(*sound.DELIMITED)
def column_renamed(draft: Draft) -> None:
    old, new = draft.random.choice(sound.FIELDS), draft.random.choice(_ODD_NAMES)
    lines = _text(draft).split("\n", 1)
    _write(draft, "\n".join([lines[0].replace(old, new), lines[1]]))


@recipe(*sound.TEXTS)
def column_dropped(draft: Draft) -> None:
    gone = draft.random.choice(sound.FIELDS)
    if draft.file_set in sound.DELIMITED:
        _deliver(draft, [{name: text for name, text in row.items() if name != gone} for row in _rows(draft)])
        return
    records = json.loads(sound.text("json", _rows(draft)))
    share = draft.random.choice((1.0, 0.5))
    for record in records:
        if draft.random.random() < share:
            record.pop(gone, None)
    _deliver_json(draft, records)


@recipe(*sound.DELIMITED)
def columns_added(draft: Draft) -> None:
    rows = _rows(draft)
    for _ in range(draft.random.randint(1, 3)):
        name = draft.random.choice(_ODD_NAMES[3:])
        place = draft.random.randint(0, len(rows[0]))
        for row in rows:
            items = list(row.items())
            items.insert(place, (name, draft.random.choice(("", "x", "Numbat"))))
            row.clear()
            row.update(items)
    _deliver(draft, rows)


@recipe(*sound.DELIMITED)
def names_written_twice(draft: Draft) -> None:
    mark = sound.delimiter(draft.file_set)
    lines = _text(draft).splitlines(keepends=True)
    again = draft.random.choice(sound.FIELDS)
    is_first = draft.random.random() < 0.5
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    header = lines[0].removesuffix(end)
    lines[0] = (f"{again}{mark}{header}" if is_first else f"{header}{mark}{again}") + end
    # Lines within values get one more as well, and break in so many ways.
    lines[1:] = [
        f"x{mark}{line}" if is_first else line.removesuffix(end) + f"{mark}x{end}" for line in lines[1:]
    ]
    _write(draft, "".join(lines))


@recipe(*sound.DELIMITED)
def ragged_rows(draft: Draft) -> None:
    mark = sound.delimiter(draft.file_set)
    lines = _text(draft).splitlines(keepends=True)
    for _ in range(draft.random.randint(1, 6)):
        at = draft.random.randrange(1, len(lines))
        text = lines[at].rstrip("\r\n")
        values = text.split(mark)
        match draft.random.randrange(4):
            case 0:
                values = values[: draft.random.randint(1, len(values))]
            case 1:
                values += [""] * draft.random.randint(1, 3)
            case 2:
                values.insert(draft.random.randint(0, len(values)), "more")
            case _:
                values = [""] * len(values)
        lines[at] = mark.join(values) + "\n"
    _write(draft, "".join(lines))


_ODD_VALUES = (
    "1e400", "-1e400", "1" + "0" * 60, "NaN", "nan", "Infinity", "-Infinity", "inf", "-0", "+5", "0x10", "1_000", "1,5", "1.5",
    "1.000,5", "007", ".5", "5.", "1e5", "٣", "１２", "½", "true", "null", "NULL", "\\N", "None", "9223372036854775807",
    "9223372036854775808", "-9223372036854775809", "2025-02-30 00:00:00", "0000-00-00 00:00:00", "9999-12-31 23:59:59",
    "0001-01-01 00:00:00", "infinity", "epoch", "2025-01-01T25:00:00Z", "2025-01-01 00:00:00 America/Nowhere", "99999999999999",
    "2025-01-01 00:00:60", "-1", "=1+1", "Quokka\u200b", "\u00a0", "e\u0301" * 30, "🦘", "𝟘𝟙", "\u202e1", "x" * 300, "%n%s", "{{x}}", "'", "''; --",
)  # fmt: skip


@recipe("csv", "tsv", "semicolon", "latin1", "utf16")
def odd_values(draft: Draft) -> None:
    rows = _rows(draft)
    for _ in range(draft.random.randint(1, 12)):
        draft.random.choice(rows)[draft.random.choice(sound.FIELDS)] = draft.random.choice(_ODD_VALUES)
    _deliver(draft, rows)


# ---------------------------------------------------------------- JSON


def _deliver_json(draft: Draft, records: list[object]) -> None:
    lines = [
        record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records
    ]
    whole = "".join(f"{line}\n" for line in lines) if draft.file_set == "jsonl" else f"[{','.join(lines)}]"
    _write(draft, whole)


def _json_records(draft: Draft) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(sound.text("json", _rows(draft)))
    return found


_ODD_JSON = (
    "null", "true", "[]", "{}", "[null]", '{"a": null}', '[[null, {"b": [null]}]]', "1e400", "-1e400", "1" + "0" * 60, "NaN", "Infinity",
    "-Infinity", "1E5", "0.1e-7", "-0", "-0.0", "1.0", '""', '" "', '"\\u0000"', '"\\ud800"', '"\\ud83e\\udd98"', '"\\u0041"', "01", "+1", "0x1",
    "1.", ".5", "'x'", "nul", '"\\x"', '"a\tb"', '"\\n"', "1 2", "[1,]", '{"a":1,}', "/* x */ 1", '{"agent": 5, "talk": "Numbat"}', '{"agent": null}',
    '{"agent": {"agent": "x"}, "talk": [1]}', '"Numbat"', '"{}"', '"null"', '{"talk": 1e400}', '{"agent": "x", "agent": "y"}', "18446744073709551616",
)  # fmt: skip


@recipe("jsonl", "json", "jsonl")
def odd_json_values(draft: Draft) -> None:
    records = _json_records(draft)
    lines: list[object] = [*records]
    # One odd value refuses a whole array.
    for _ in range(draft.random.randint(1, 8) if draft.file_set == "jsonl" else 1):
        at = draft.random.randrange(len(lines))
        name = draft.random.choice(list(records[0]))
        text = json.dumps(records[at] | {name: "@@"}, ensure_ascii=False)
        lines[at] = text.replace('"@@"', draft.random.choice(_ODD_JSON))
    _deliver_json(draft, lines)


@recipe("jsonl", "json", "jsonl")
def keys_written_twice(draft: Draft) -> None:
    lines: list[object] = [*_json_records(draft)]
    for _ in range(draft.random.randint(1, 3) if draft.file_set == "jsonl" else 1):
        at = draft.random.randrange(len(lines))
        key = draft.random.choice(("id", "ID", "Id", "call", "CALL", "reason", "i\\u0064", "", "other"))
        twice = (
            f', "{key}": "K999", "{key}": "K998"}}' if draft.random.random() < 0.3 else f', "{key}": "K999"}}'
        )
        lines[at] = json.dumps(_json_records(draft)[at], ensure_ascii=False)[:-1] + twice
    _deliver_json(draft, lines)


@recipe("jsonl", "json")
def very_deep_json(draft: Draft) -> None:
    depth = draft.random.choice((60, 120, 600, 5_000, 100_000, 100_000))
    opening, closing = draft.random.choice((("[", "]"), ('{"a":', "}")))
    deep = opening * depth + ("1" if "a" in opening else "") + closing * depth
    lines: list[object] = [*_json_records(draft)]
    record = json.dumps(_json_records(draft)[3])
    choices = [
        deep,
        opening * depth,
        record.replace('"Q3"', deep, 1),
        record[:-1] + ', "more": ' + deep + "}",
        record[:-1] + ', "more": ' + opening * depth,
    ]
    lines[3] = draft.random.choice(choices)
    draft.is_alone = depth > 5_000
    _deliver_json(draft, lines)


@recipe("jsonl", "json", "csv", "tsv", "parquet")
def another_format(draft: Draft) -> None:
    other = draft.random.choice([name for name in sound.FILE_SETS if name != draft.file_set])
    page = b"<!DOCTYPE html>\n<html><body>Session expired</body></html>\n"
    choices = [
        sound.content(other),
        gzip.compress(draft.content),
        page,
        b"PK\3\4" + b"\0" * 60,
        draft.random.randbytes(3000),
    ]
    draft.content = draft.random.choice(choices)


# ---------------------------------------------------------------- archives


def _text_set(draft: Draft) -> None:
    """Any text format, because the archives are about their packing."""
    draft.file_set = draft.random.choice(("csv", "jsonl", "json", "tsv", "latin1"))
    draft.content = sound.content(draft.file_set)


def _zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            # A fixed time, so that a case is the same bytes every day.
            info = zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, content)
    return target.getvalue()


def _gz(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _start_gz(draft: Draft) -> None:
    _text_set(draft)
    draft.members = {WHOLE: draft.content}
    draft.name = "a.gz"
    draft.content = _gz(draft.content)


def _start_zip(draft: Draft, method: int = zipfile.ZIP_DEFLATED, n: int = 3) -> None:
    _text_set(draft)
    draft.members = {f"{i}.txt": sound.content(draft.file_set, 10 * i + 5) for i in range(n)}
    draft.name = "a.zip"
    draft.content = _zip_of(draft.members, method)


def _refuse_whole(draft: Draft) -> None:
    draft.members, draft.refused = {WHOLE: b""}, {WHOLE}


@recipe("csv")
def gz_bytes_replaced(draft: Draft) -> None:
    _start_gz(draft)
    bytes_replaced(draft) if draft.random.random() < 0.5 else one_bit_flipped(draft)
    draft.is_damaged = True


@recipe("csv")
def gz_cut_or_continued(draft: Draft) -> None:
    _start_gz(draft)
    packed = draft.content
    match draft.random.randrange(4):
        case 0:
            draft.content = packed[: draft.place()]
            _refuse_whole(draft)
        case 1:
            draft.content = packed + draft.random.choice((b"x", b"rubbish", b"\x1f\x8b", b"\x1f\x8b\x08\0"))
            _refuse_whole(draft)
        case 2:
            draft.content = packed + b"\0" * draft.random.choice((1, 8, 512))  # as tape drives pad it
        case _:
            content = draft.members[WHOLE]
            at = draft.random.randrange(len(content))
            draft.content = _gz(content[:at]) + _gz(content[at:])


@recipe("csv")
def gz_with_a_wrong_checksum(draft: Draft) -> None:
    _start_gz(draft)
    content = bytearray(draft.content)
    content[-draft.random.randint(1, 8)] ^= draft.random.randint(1, 255)
    draft.content = bytes(content)
    _refuse_whole(draft)


@recipe("csv")
def sound_parts_of_archives(draft: Draft) -> None:
    """Files that are spoilt as text and packed soundly."""
    _start_zip(
        draft,
        draft.random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)),
    )
    for name, content in draft.members.items():
        inner = Draft(draft.random, draft.file_set, content)
        draft.random.choice((one_bit_flipped, bytes_replaced, cut, range_doubled, marks_put_in))(inner)
        draft.members[name] = inner.content
    draft.content = _zip_of(draft.members)
    if draft.random.random() < 0.3:
        first = next(iter(draft.members.values()))
        draft.name, draft.content, draft.members = "a.GZ", _gz(first), {WHOLE: first}


@recipe("csv")
def zip_bytes_replaced(draft: Draft) -> None:
    methods = (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
        zipfile.ZIP_DEFLATED,
        zipfile.ZIP_BZIP2,
        zipfile.ZIP_LZMA,
    )
    _start_zip(draft, draft.random.choice(methods))
    bytes_replaced(draft) if draft.random.random() < 0.5 else one_bit_flipped(draft)
    draft.is_damaged = True


@recipe("csv")
def zip_directory_replaced(draft: Draft) -> None:
    """Only what describes the members, where each byte matters."""
    _start_zip(draft, draft.random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    content = bytearray(draft.content)
    heads = [i for i in range(len(content)) if content[i : i + 4] in (b"PK\1\2", b"PK\3\4", b"PK\5\6")]
    for _ in range(draft.random.randint(1, 3)):
        at = draft.random.choice(heads) + draft.random.randrange(46)
        if at < len(content):
            content[at] = draft.random.choice((0, 1, 255, draft.random.randrange(256)))
    draft.content, draft.is_damaged = bytes(content), True


@recipe("csv")
def zip_with_a_wrong_checksum(draft: Draft) -> None:
    _start_zip(draft, draft.random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    content = bytearray(draft.content)
    directory = content.find(b"PK\1\2")
    content[directory + 16 + draft.random.randrange(4)] ^= draft.random.randint(1, 255)
    draft.content = bytes(content)
    draft.refused = {next(iter(draft.members))}


@recipe("csv")
def zip_cut_or_wrapped(draft: Draft) -> None:
    _start_zip(draft)
    packed = draft.content
    match draft.random.randrange(4):
        case 0:
            draft.content = packed[: draft.place()]
            _refuse_whole(draft)
        case 1:
            draft.content = draft.random.randbytes(300) + packed  # as self-extracting archives begin
        case 2:
            draft.content, draft.is_damaged = packed + b"rubbish", True
        case _:
            draft.content, draft.is_damaged = packed + packed, True


@recipe("csv")
def zip_encrypted(draft: Draft) -> None:
    _start_zip(draft)
    content = bytearray(draft.content)
    bit = draft.random.choice((0x01, 0x01, 0x41, 0x20))  # encrypted, strongly, or a patch to another file
    content[content.find(b"PK\3\4") + 6] |= bit
    content[content.find(b"PK\1\2") + 8] |= bit
    draft.content = bytes(content)
    draft.refused = {next(iter(draft.members))}


_HOSTILE_MEMBERS = (
    "../{}", "../../../../{}", "/{}", "a/../../{}", "..\\{}", "C:\\{}", "C:/{}", "//server/{}", "./{}", "a/./{}", "a//{}", ".../{}", "~/{}", "$HOME/{}",
    "{}\n", "a\nb/{}", "{} ", "-{}", "{}.zip", "{}.gz", "a.zip!{}", "!{}", "*{}?[1]", "'{}\"", "ü{}", "🦘{}", "__macosx/{}", ".{}", "con/{}", "a=b/{}", "x" * 240 + "/{}", "{}\x7f\x1b[31m",
)  # fmt: skip


@recipe("csv")
def zip_with_hostile_names(draft: Draft) -> None:
    _text_set(draft)
    own = f"faultline_{draft.random.randrange(10**9)}.csv"
    names = [name.format(own) for name in draft.random.sample(_HOSTILE_MEMBERS, 4)]
    draft.members = {name: sound.content(draft.file_set, 6) for name in names}
    draft.name, draft.content = "a.zip", _zip_of(draft.members)


@recipe("csv")
def zip_with_links_and_folders(draft: Draft) -> None:
    _text_set(draft)
    content, target = sound.content(draft.file_set), io.BytesIO()
    link = zipfile.ZipInfo("link.csv", (2025, 1, 1, 0, 0, 0))
    link.create_system, link.external_attr = 3, 0o120777 << 16
    device = zipfile.ZipInfo("device.csv", (2025, 1, 1, 0, 0, 0))
    device.create_system, device.external_attr = 3, 0o020666 << 16
    where = draft.random.choice((b"../../../../etc/passwd", b"/etc/passwd", b"/dev/zero", b"."))
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo("folder/", (2025, 1, 1, 0, 0, 0)), b"")
        archive.writestr(link, where)
        archive.writestr(device, content)
        archive.writestr(zipfile.ZipInfo("link.csv/below.csv", (2025, 1, 1, 0, 0, 0)), content)
    draft.name, draft.content = "a.zip", target.getvalue()
    draft.members = {"link.csv": where, "device.csv": content, "link.csv/below.csv": content}


@recipe("csv")
def zip_whose_names_disagree(draft: Draft) -> None:
    """What stands before a member calls it otherwise, or takes its first bytes for its name."""
    _start_zip(draft, zipfile.ZIP_STORED)
    content = bytearray(draft.content)
    first = content.find(b"PK\3\4")
    if draft.random.random() < 0.7:
        struct.pack_into("<H", content, first + 26, draft.random.choice((6, 40, 200, 0)))
    else:
        content[first + 30] ^= 1
    draft.content = bytes(content)
    draft.refused = {next(iter(draft.members))}


@cache
def _zeros(n_bytes: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    chunk = b"0" * (1 << 20)
    return b"".join(packer.compress(chunk) for _ in range(n_bytes >> 20)) + packer.flush()


@recipe("csv")
def bombs(draft: Draft) -> None:
    """Small files that unpack to big ones; the biggest go through the limit of a gigabyte."""
    _text_set(draft)
    kind = draft.random.choice(("gz", "gz", "gz of gz", "zip of zips", "bz2"))
    size = 1100 << 20 if kind == "gz" and draft.random.random() < 0.15 else 40 << 20
    draft.is_alone = True
    if kind == "gz":
        draft.name, draft.content = "bomb.gz", _zeros(size)
        _refuse_whole(draft)
        if size < 1 << 30 and draft.file_set != "json":
            # The rows before the long line are sound.
            draft.content, draft.refused = _gz(sound.content(draft.file_set)) + _zeros(size), set()
            draft.members = {WHOLE: sound.content(draft.file_set) + b"0" * size}
    elif kind == "gz of gz":
        draft.name, draft.content = "bomb.gz", _gz(_zeros(size))
        _refuse_whole(draft)
    elif kind == "zip of zips":
        inner = _zip_of({f"{i}.csv": b"0" * (1 << 20) for i in range(20)})
        draft.name, draft.content = "bomb.zip", _zip_of({"inner.zip": inner})
        draft.members, draft.refused = {"inner.zip": inner}, {"inner.zip"}
    else:
        draft.name, draft.content = "bomb.zip", _zip_of({"a.csv": b"0" * size}, zipfile.ZIP_BZIP2)
        draft.members, draft.refused = {"a.csv": b""}, {"a.csv"}


# ---------------------------------------------------------------- Parquet


@recipe("parquet")
def parquet_bytes_replaced(draft: Draft) -> None:
    packing = draft.random.choice(("none", "snappy", "gzip", "zstd", "lz4", "brotli"))
    draft.content = sound.parquet(sound.records(), packing, draft.random.choice(("1.0", "2.0")))
    bytes_replaced(draft) if draft.random.random() < 0.5 else one_bit_flipped(draft)


@recipe("parquet")
def parquet_directory_replaced(draft: Draft) -> None:
    """What describes the file stands at its end."""
    content = bytearray(draft.content)
    length = int.from_bytes(content[-8:-4], "little") + 8
    for _ in range(draft.random.randint(1, 4)):
        content[-draft.random.randint(1, length)] = draft.random.choice(
            (0, 255, 0x7F, draft.random.randrange(256))
        )
    draft.content = bytes(content)


def _size_below_zero(draft: Draft) -> None:
    """The length of a column becomes negative: one bit of the number that the footer holds."""
    footer = len(draft.content) - int.from_bytes(draft.content[-8:-4], "little") - 8
    groups = pq.ParquetFile(io.BytesIO(draft.content)).metadata
    column = groups.row_group(draft.random.randrange(groups.num_row_groups)).column(draft.random.randrange(7))
    zigzag = 2 * column.total_compressed_size
    written = bytes([zigzag & 0x7F | 0x80, zigzag >> 7])
    content = bytearray(draft.content)
    content[content.rfind(written, footer)] |= 1
    draft.content, draft.is_alone = bytes(content), True


@recipe("parquet")
def parquet_cut_or_mixed(draft: Draft) -> None:
    match draft.random.randrange(5):
        case 0:
            cut(draft)
        case 1:
            ranges_swapped(draft)
        case 2:
            range_removed(draft)
        case 3:
            _size_below_zero(draft)
        case _:
            range_doubled(draft)


@recipe("parquet")
def parquet_of_other_types(draft: Draft) -> None:
    n = sound.N_RECORDS
    columns: dict[str, list[object]] = {
        "id": [f"K{i}" for i in range(n)],
        "seq": [*range(n)],
        "started": [f"2025-01-01 00:00:{i:02d}" for i in range(n)],
        "queue": ["Q1"] * n,
        "agent": ["Quokka"] * n,
        "talk": [float(i) for i in range(n)],
        "reason": ["Numbat"] * n,
    }
    odd: tuple[list[object], ...] = (
        [None] * n, [[None, 1]] * n, [{"a": None}] * n, [float("nan")] * n, [float("inf")] * n, [b"\xff\0"] * n, [10**30] * n, [True] * n,
        [2**63 - 1] * n, [[["deep"]]] * n, [[]] * n, [{"a": [{"b": None}]}] * n,
    )  # fmt: skip
    columns[draft.random.choice(sound.FIELDS)] = draft.random.choice(odd)
    arrays = {
        name: pa.array(values, pa.decimal128(38, 0)) if values[0] == 10**30 else pa.array(values)
        for name, values in columns.items()
    }
    target = io.BytesIO()
    pq.write_table(pa.table(arrays), target)
    draft.content = target.getvalue()


# ---------------------------------------------------------------- workbooks


@recipe("xlsx")
def workbook_bytes_replaced(draft: Draft) -> None:
    draft.random.choice((one_bit_flipped, bytes_replaced, cut, range_removed, range_doubled))(draft)


@recipe("xlsx")
def workbook_part_damaged(draft: Draft) -> None:
    """The packing is sound, and one of its parts is not."""
    parts = {name: part.encode() for name, part in sound.workbook(sound.records()).items()}
    name = draft.random.choice([*parts, *[sound.SHEET] * 4])
    draft.content = parts[name]
    draft.random.choice((one_bit_flipped, bytes_replaced, cut, range_removed, range_doubled, ranges_swapped))(
        draft
    )
    draft.content = sound.packed(parts | {name: draft.content})


_ODD_CELLS = (
    '<c t="e"><v>#N/A</v></c>', '<c t="b"><v>1</v></c>', '<c t="b"><v>x</v></c>', "<c><v>1E+400</v></c>", "<c><v>NaN</v></c>", "<c><v>1e17</v></c>",
    '<c s="1"><v>-1</v></c>', '<c s="1"><v>99999999</v></c>', '<c s="7"><v>1</v></c>', '<c t="s"><v>999</v></c>', '<c t="s"><v>-1</v></c>', "<c><f>1+1</f></c>",
    '<c r="ZZZ1"><v>1</v></c>', '<c r="A0"><v>1</v></c>', '<c r="XFD9"><v>1</v></c>', '<c r="1A"><v>1</v></c>', '<c t="d"><v>2025-01-01</v></c>', '<c t="d"><v>Quokka</v></c>',
    '<c t="inlineStr"><is><t>Quokka_x0000__xD800_</t></is></c>', '<c t="inlineStr"><is/></c>', '<c t="inlineStr"/>', '<c t="str"><v>Quokka\n"Numbat", </v></c>', "<c/>" * 300, "<!-- <row> -->",
    '</row><row r="1048577">', '</row><row r="99999999999999">', '</row><row r="-3">', '</row><row r="x">', '</row><row r="2">', "</row><row/><row>",
)  # fmt: skip


@recipe("xlsx")
def workbook_of_other_cells(draft: Draft) -> None:
    parts = sound.workbook(sound.records())
    cells = parts[sound.SHEET].split("<c")
    for _ in range(draft.random.randint(1, 5)):
        cells[draft.random.randrange(8, len(cells) - 1)] += draft.random.choice(_ODD_CELLS)
    corners = (draft.random.randint(1, 40) for _ in range(2))
    merges = (
        f'<mergeCells><mergeCell ref="B{next(corners)}:D{next(corners)}"/><mergeCell ref="A:B"/></mergeCells>'
    )
    sheet = "<c".join(cells).replace("</worksheet>", f"{merges}</worksheet>")
    draft.content = sound.packed(parts | {sound.SHEET: sheet})


# ---------------------------------------------------------------- names


_NAMES = (
    "it's{}", 'a"b"{}', "[1]{}", "*{}", "?{}", "a[!b]{}", "{{a,b}}{}", "line\nbreak{}", "tab\there{}", "\r{}", "ü{}", "u\u0308{}", "🦘{}", "\u202e{}", " lead{}",
    "trail{} ", "-rf{}", ".hidden{}", "~{}", "$HOME{}", "%s%n{}", "a=b{}", "\\back{}", "a.zip!b{}", "!{}", "a;b{}", "DROP TABLE'; --{}", "\x1b[31m{}", "x" * 240 + "{}",
    "ü" * 120 + "{}", "null{}", "nan{}", "..{}", "...{}", "no suffix", "{}", "A{}.GZ", "a{}.Zip", "caf\udce9{}", "\ufeff{}", "\u2028{}", "COPY{}",
)  # fmt: skip


@recipe("csv", "jsonl", "json", "parquet", "latin1", "tsv")
def odd_file_names(draft: Draft) -> None:
    name = draft.random.choice(_NAMES)
    draft.name = name.format(draft.suffix) or "a"
    content = draft.content
    if draft.name.endswith(".GZ"):
        draft.content, draft.members = _gz(content), {WHOLE: content}
    elif draft.name.endswith(".Zip"):
        draft.content, draft.members = _zip_of({"in side.csv": content}), {"in side.csv": content}
    elif not draft.name.isprintable() and "\udce9" in draft.name:
        _refuse_whole(draft)


# ---------------------------------------------------------------- cases


def make(number: int) -> Case:
    """The case of that number, always the same bytes."""
    name, function, file_sets = _RECIPES[number % len(_RECIPES)]
    chance = random.Random(number)
    file_set = file_sets[number // len(_RECIPES) % len(file_sets)]
    draft = Draft(chance, file_set, sound.content(file_set))
    function(draft)
    if not draft.members:
        draft.members = {WHOLE: draft.content}
    if set(draft.members) == {WHOLE} and not draft.name and draft.content and chance.random() < 0.15:
        draft.name, draft.content = f"a{draft.suffix}.gz", _gz(draft.content)
    return Case(
        number, name, draft.file_set, draft.name or f"a{draft.suffix}", draft.content, draft.members,
        frozenset(draft.refused), draft.is_damaged, draft.is_alone,
    )  # fmt: skip
