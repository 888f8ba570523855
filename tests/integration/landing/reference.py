"""What an independent reader finds in a delivered file, character by character.

It shares nothing with landing but the rules: a line is a record unless a quote is open, a quote that
never closes costs its line, and a line that is no text, no object or of another width is damaged.
Where the rules leave a choice, a value or a whole file is unsure, and both answers are right.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from tests.integration.landing import sound

MAX_LINE_BYTES = 2_000_000
NEWEST = datetime(2025, 7, 1)  # when every fuzzed file is delivered
OLDEST = datetime(1970, 1, 2)  # before it, some moments are placeholders
_NESTED_TOO_DEEP = 50
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)


class Unsure(Enum):
    """A value that may be read in more than one way."""

    UNSURE = "?"

    def __repr__(self) -> str:
        return "?"


UNSURE = Unsure.UNSURE
Value = str | None | Unsure


@dataclass(frozen=True)
class Record:
    """One record: `line` it begins in, and its values by field, or none where it is damaged.

    `is_open` says that the rules leave open whether it is damaged, `differs` that columns of one name
    contradict each other.
    """

    line: int
    values: dict[str, Value] | None
    is_open: bool = False
    differs: bool = False


@dataclass(frozen=True)
class Row:
    """What should become of a record that can be read.

    `fate` is `lands`, `bad`, `filtered` or `unsure`; `values` are those of the landed columns.
    """

    line: int
    fate: str
    values: tuple[Any, ...]


@dataclass
class Found:
    """A whole file: its records, or that it must or may be refused."""

    rows: list[Row] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    must_refuse: bool = False
    may_refuse: bool = False
    is_unsure: bool = False

    @property
    def n_read(self) -> int:
        """Records of the file, sound or not."""
        return len(self.rows) + len(self.damaged) + len(self.open)


REFUSED = Found(must_refuse=True)
ANYTHING = Found(is_unsure=True, may_refuse=True)


def read(file_set: str, plain: bytes) -> Found:
    """What there is to find in an unpacked file."""
    if not plain:
        return REFUSED
    if file_set in sound.BINARY:
        return ANYTHING
    decoded = _as_utf_8(file_set, plain)
    if decoded is None or decoded.startswith(b"\xef\xbb\xbf"):
        return ANYTHING  # no text as a whole, or with two byte order marks
    if file_set in sound.DELIMITED:
        return _delimited(file_set, decoded)
    return _json_lines(decoded) if file_set == "jsonl" else _json_array(decoded)


def _as_utf_8(file_set: str, plain: bytes) -> bytes | None:
    codec = str(sound.FILE_SETS[file_set].get("encoding", "utf-8"))
    for mark, marked in _MARKS:
        if plain.startswith(mark):
            codec = marked
            break
    if codec in ("utf-8", "utf-8-sig"):
        text = plain.removeprefix(b"\xef\xbb\xbf") if codec == "utf-8-sig" else plain
    else:
        try:
            text = plain.decode(codec).removeprefix("\ufeff").encode()
        except UnicodeError:
            return None
    if b"\r" in text and b"\n" not in text:
        return text.replace(b"\r", b"\n")
    return text


# ---------------------------------------------------------------- delimited


def _delimited(file_set: str, content: bytes) -> Found:
    mark = sound.delimiter(file_set)
    lines = [line for line in re.split(rb"(?<=\n)", content) if line]
    texts = [_text(line) for line in lines]
    if not lines or not lines[0].strip(b"\r\n"):
        return REFUSED
    if b'"' not in lines[0] and b"\r" in lines[0].rstrip(b"\r\n"):
        return REFUSED  # where the header ends and the first record begins is anybody's guess
    header, n_lines = _one_record(texts, 0, mark)
    if header is None:
        return ANYTHING
    columns = [name.strip().lower() if name.isascii() else name for name in header]
    required = ["id", "seq", "started", *(["queue"] if file_set == "tsv" else [])]
    places = {name: [at for at, one in enumerate(columns) if one == name] for name in sound.FIELDS}
    places = {name: found for name, found in places.items() if found}
    if any(name not in places for name in required):
        return REFUSED
    records = list(_records(texts, n_lines, mark, places, len(columns)))
    if any(_is_too_long(value) for one in records for value in (one.values or {}).values()):
        return ANYTHING
    found = _judged(file_set, records)
    # A name in quotes may be read in other ways, and too many quotes that never close refuse a file.
    found.may_refuse = b'"' in lines[0] or len(content) > MAX_LINE_BYTES // 2
    return found


def _records(
    texts: list[str | None], at: int, mark: str, places: dict[str, list[int]], width: int
) -> Iterator[Record]:
    while at < len(texts):
        text = texts[at]
        if text is not None and not text.removesuffix("\n").removesuffix("\r"):
            at += 1
            continue
        values, taken = _one_record(texts, at, mark)
        if values is None or len(values) != width:
            yield Record(at + 1, None)
            at += 1
            continue
        # Columns of one name fill the same field, the first filled one; where they differ the row is bad.
        said = {name: [v for at_ in found if (v := _trimmed(values[at_]))] for name, found in places.items()}
        fields: dict[str, Value] = {name: found[0] if found else None for name, found in said.items()}
        yield Record(at + 1, fields, differs=any(len(set(found)) > 1 for found in said.values()))
        at += taken


def _is_too_long(value: Value) -> bool:
    """Whether lines that are short enough may be too long as one record."""
    return isinstance(value, str) and "\n" in value and len(value) > MAX_LINE_BYTES - 10_000


def _text(line: bytes) -> str | None:
    if b"\0" in line or len(line) > MAX_LINE_BYTES:
        return None
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def _one_record(texts: list[str | None], start: int, mark: str) -> tuple[list[str] | None, int]:
    """Values of the record that begins in a line and the lines it takes; none where it is broken."""
    reader = _Reader(mark)
    for at in range(start, len(texts)):
        text = texts[at]
        if text is None or not reader.feed(text):
            return None, 1
        if not reader.is_quoted:
            return reader.values, at - start + 1
    return None, 1


class _Reader:
    """A delimited record, one character after the other."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.values: list[str] = []
        self.value: list[str] = []
        self.is_quoted = False

    def feed(self, line: str) -> bool:
        """Takes one line; whether it fits."""
        end = len(line) - len(line.removesuffix("\n").removesuffix("\r")) if line else 0
        at, stop = 0, len(line) - end
        if self.is_quoted:
            at = self._quoted(line, 0)
            if self.is_quoted:
                return True
            if at < 0:
                return False
        while at <= stop:
            at = self._value(line, at, stop)
            if self.is_quoted:
                return True
            if at < 0:
                return False
        return True

    def _value(self, line: str, at: int, stop: int) -> int:
        """Takes one value; where the next one begins, beyond the line's end if there is none."""
        first = at
        while first < stop and line[first] == " ":
            first += 1
        if first < stop and line[first] == '"':
            return self._quoted(line, first + 1)
        end = line.find(self.mark, at, stop)
        end = stop if end < 0 else end
        text = line[at:end]
        if "\r" in text or "\n" in text:
            return -1
        self.values.append(text)
        return end + 1

    def _quoted(self, line: str, at: int) -> int:
        self.is_quoted = True
        while at < len(line):
            if line[at] != '"':
                self.value.append(line[at])
                at += 1
            elif line[at : at + 2] == '""':
                self.value.append('"')
                at += 2
            else:
                return self._closed(line, at + 1)
        return at

    def _closed(self, line: str, at: int) -> int:
        self.is_quoted = False
        self.values.append("".join(self.value))
        self.value.clear()
        while line[at : at + 1] == " ":
            at += 1
        rest = line[at:]
        if rest.removesuffix("\n").removesuffix("\r") == "":
            return len(line) + 1
        return at + 1 if rest.startswith(self.mark) else -1


def _trimmed(text: str) -> str | None:
    return text.strip(" ") or None


# ---------------------------------------------------------------- JSON


_KEYS = {"id", "seq", "started", "queue", "call", "reason"}


class _Number(str):
    """A number as it is written."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {"": pairs}  # kept apart, so that what is written twice can be seen


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        keys = [key for key, _ in value[""]]
        return {key: UNSURE if keys.count(key) > 1 else _plain(inner) for key, inner in value[""]}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _parsed(text: str) -> Any:
    return json.loads(
        text, parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_pairs
    )


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest


def _json_lines(content: bytes) -> Found:
    if re.fullmatch(rb"\s*\[\s*\]\s*", content):
        return Found(may_refuse=True)  # a list without records
    if b"\r" in content.replace(b"\r\n", b""):
        return ANYTHING  # whether such a sign ends a line among others that line feeds end
    lines = content.split(b"\n")
    records: list[Record] = []
    for number, line in enumerate(lines, 1):
        text = _text(line + b"\n")
        if text is None:
            records.append(Record(number, None))
        elif text.strip():
            records.append(_json_record(number, text))
    objects = [one.values for one in records if one.values is not None]
    found = _judged("jsonl", records)
    found.may_refuse = any(one.is_open for one in records)
    seen = {key for values in objects for key in values}
    if not objects:
        found.may_refuse = True  # the file, or each of its lines
    elif not {"id", "seq", "started"} <= seen:
        found.must_refuse, found.may_refuse = not found.may_refuse, found.may_refuse
    return found


def _json_record(number: int, text: str) -> Record:
    # Commas before a closing bracket are no JSON, but mean nothing else either.
    if _depth(text) > _NESTED_TOO_DEEP or re.search(r",\s*[]}]", text):
        return Record(number, None, is_open=True)
    try:
        parsed = _parsed(text)
        json.dumps(parsed, ensure_ascii=False).encode()  # half a pair of surrogates is no text
    except (ValueError, RecursionError):
        return Record(number, None)
    if not isinstance(parsed, dict):
        return Record(number, None)
    keys = [key for key, _ in parsed[""]]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice & _KEYS or (not twice and _contradicts_itself(parsed[""])):
        return Record(number, None)
    if {key.lower() for key in twice} & _KEYS:
        return Record(number, None, is_open=True)
    return Record(number, _fields(_plain(parsed)))


def _contradicts_itself(pairs: list[tuple[str, Any]]) -> bool:
    """Whether a key stands there in several spellings that differ."""
    said = {name: {repr(v) for k, v in pairs if k.lower() == name and v not in (None, "")} for name in _KEYS}
    return any(len(values) > 1 for values in said.values())


def _fields(record: dict[str, Any]) -> dict[str, Value]:
    """Fields of one object. Of a key in other letters only a part of what is read is here."""
    fields: dict[str, Value] = {}
    folded = {key.lower() for key in record} - set(record)
    for name in ("id", "seq", "started", "queue", "reason"):
        if name in folded:
            fields[name] = UNSURE
        elif name in record:
            fields[name] = _as_text(record[name])
    call = record.get("call")
    for name in ("agent", "talk"):
        if "call" in folded or (call is not None and not isinstance(call, dict)):
            fields[name] = UNSURE
        elif isinstance(call, dict):
            fields[name] = _as_text(call.get(name))
    return fields


def _as_text(value: Any) -> Value:
    if value is UNSURE:
        return UNSURE
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if isinstance(value, _Number):
        return str(value) if re.fullmatch(r"(?!-0)-?[0-9]{1,15}(\.[0-9]{1,5})?", value) else UNSURE
    return _trimmed(value) if isinstance(value, str) and "\0" not in value else UNSURE


def _json_array(content: bytes) -> Found:
    text = _text_of_any_length(content)
    if text is None:
        return REFUSED
    if _depth(text) > _NESTED_TOO_DEEP or re.search(r",\s*[]}]", text) or len(text) > MAX_LINE_BYTES:
        return ANYTHING
    parsed = _objects(text)
    if parsed is None:
        return REFUSED
    if any(len({key for key, _ in one[""]}) < len(one[""]) for one in parsed if one):
        return ANYTHING  # no line of its own could be set aside for it
    records = [
        Record(i, None if one and _contradicts_itself(one[""]) else _fields(_plain(one)) if one else {})
        for i, one in enumerate(parsed, 1)
    ]
    found = _judged("json", records)
    found.may_refuse = any(key == "" for one in parsed if one for key, _ in one[""])
    found.must_refuse = bool(parsed) and not {"id", "seq", "started"} <= {
        key for one in records for key in one.values or {}
    }
    return found


def _objects(text: str) -> list[Any] | None:
    """Objects and nulls of an array; none where it is something else."""
    try:
        parsed = _parsed(text)
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    is_fit = isinstance(parsed, list) and all(isinstance(one, dict | None) for one in parsed)
    return parsed if is_fit else None


def _text_of_any_length(content: bytes) -> str | None:
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None


# ---------------------------------------------------------------- from values to rows


def _judged(file_set: str, records: list[Record]) -> Found:
    return Found(
        rows=[
            _contradicted(one, _row(file_set, one.line, one.values))
            for one in records
            if one.values is not None
        ],
        damaged=[one.line for one in records if one.values is None and not one.is_open],
        open=[one.line for one in records if one.is_open],
    )


def _contradicted(record: Record, row: Row) -> Row:
    return replace(row, fate="bad") if record.differs and row.fate != "filtered" else row


def _row(file_set: str, line: int, values: dict[str, Value]) -> Row:
    if file_set == "jsonl":
        helped = {"id": "none", "seq": "0", "started": "2025-01-01 00:00:00"}
        values = values | {name: text for name, text in helped.items() if values.get(name) is None}
    is_comma = sound.FILE_SETS[file_set].get("decimal") == ","
    typed = (
        _id(values.get("id")),
        _whole(values.get("seq")),
        _moment(values.get("started")),
        _id(values.get("queue")),
        _id(values.get("agent")),
        _number(values.get("talk"), is_comma=is_comma),
        values.get("reason"),
    )
    if file_set == "tsv" and (values.get("queue") is None or values["queue"] == sound.FILTERED_QUEUE):
        return Row(line, "filtered", typed)
    if None in typed[:3]:
        return Row(line, "bad", typed)
    return Row(line, "unsure" if UNSURE in typed else "lands", typed)


def _id(text: Value) -> Value:
    """An id as it lands: `7001.0` is 7001; of other spellings of numbers the digits may be lost."""
    if not isinstance(text, str):
        return text
    if re.fullmatch(r"[+-]?[0-9]{1,15}\.0+", text):
        return text.partition(".")[0]
    return (
        UNSURE
        if re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?", text) and not text.isdigit()
        else text
    )


def _whole(text: Value) -> int | Unsure | None:
    if not isinstance(text, str):
        return text
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else UNSURE


def _moment(text: Value) -> datetime | Unsure | None:
    if not isinstance(text, str):
        return text
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", text):
        return UNSURE
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return UNSURE
    return moment if OLDEST < moment < NEWEST else UNSURE


def _number(text: Value, *, is_comma: bool) -> float | Unsure | None:
    if not isinstance(text, str):
        return text
    shape = r"[0-9]{1,15}(,[0-9]{1,6})?" if is_comma else r"[0-9]{1,15}(\.[0-9]{1,6})?"
    return float(text.replace(",", ".")) if re.fullmatch(shape, text) else UNSURE
