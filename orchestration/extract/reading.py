"""Plain files as DuckDB relations, and a slow, exact reader for damaged ones.

The fast way is DuckDB's own reader with every column as text. It is trusted only where its row
count agrees with the file's bytes; otherwise the file is rewritten record by record, and what is
damaged goes to quarantine with its line.
"""

import csv
import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.extract import files, sql
from orchestration.extract.files import UnreadableFile
from orchestration.extract.sources import FileSet

_JSON_SAMPLE = 20_480  # objects looked at to learn the keys of a JSON file
_MAX_JSON_DEPTH = 200


@dataclass(frozen=True)
class Damage:
    """A record that could not be read: its first line in the file and why."""

    line: int
    reason: str


@dataclass
class Readable:
    """A plain UTF-8 file with known columns.

    `types` maps each column to its DuckDB type. `record_lines` holds the line of every record
    where the careful reader has been over it; `damage` what that reader set aside.
    """

    path: Path
    options: FileSet
    types: dict[str, str]
    record_lines: "array[int] | None" = None
    damage: list[Damage] = field(default_factory=list)

    @property
    def is_delimited(self) -> bool:
        """CSV or TSV."""
        return self.options.format in ("csv", "tsv")

    def relation(self, *, rejects: bool = False) -> str:
        """SQL of the relation; with `rejects`, skipped lines are kept in the tables `rejects` and
        `reject_scans` of the connection."""
        location = sql.text(str(self.path))
        columns = "{" + ", ".join(f"{sql.text(c)}: 'VARCHAR'" for c in self.types) + "}"
        if self.options.format == "parquet":
            return f"read_parquet({location})"
        if self.options.format == "json":
            return f"read_json({location}, format='array', columns={columns})"
        if self.options.format == "jsonl":
            return (
                f"read_json({location}, format='newline_delimited', columns={columns}, "
                "ignore_errors=true)"
            )
        keep = "store_rejects=true, rejects_table='rejects', rejects_scan='reject_scans'"
        return (
            f"read_csv({location}, auto_detect=false, header=true, columns={columns}, "
            f"delim={sql.text(self.options.delimiter)}, quote={sql.text(self.options.quote)}, "
            f"escape={sql.text(self.options.quote)}, max_line_size={files.MAX_LINE_BYTES}, "
            f"{keep if rejects else 'ignore_errors=true'})"
        )


def open_readable(connection: duckdb.DuckDBPyConnection, path: Path, options: FileSet) -> Readable:
    """Learns the columns of a plain file.

    Raises:
        UnreadableFile: empty, or not of the declared format.
    """
    if path.stat().st_size == 0:
        raise UnreadableFile("the file is empty")
    if options.format in ("csv", "tsv"):
        return Readable(path, options, dict.fromkeys(_header(path, options), "VARCHAR"))
    try:
        if options.format == "parquet":
            described = connection.execute(f"DESCRIBE FROM read_parquet({sql.text(str(path))})")
            return Readable(path, options, {row[0]: row[1] for row in described.fetchall()})
        layout = "array" if options.format == "json" else "newline_delimited"
        described = connection.execute(
            f"DESCRIBE FROM read_json({sql.text(str(path))}, format='{layout}', records=true, "
            f"sample_size={_JSON_SAMPLE}, map_inference_threshold=-1, field_appearance_threshold=0"
            f"{', ignore_errors=true' if layout == 'newline_delimited' else ''})"
        )
        names = [row[0] for row in described.fetchall()]
    except duckdb.Error as error:
        if options.format == "jsonl":  # the careful reader says which lines are to blame
            return Readable(path, options, {})
        raise UnreadableFile(f"not readable as {options.format}: {first_line(error)}") from error
    return Readable(path, options, dict.fromkeys(names, "VARCHAR"))


def first_line(error: Exception) -> str:
    """First line of an engine's message, without the values that may follow it."""
    return str(error).splitlines()[0][:200]


def _header(path: Path, options: FileSet) -> list[str]:
    with path.open("rb") as file:
        head = file.read(files.CHUNK_BYTES)
    text = head.decode("utf-8-sig", errors="replace")
    record = next(csv.reader(iter(text.splitlines(keepends=True)), **_dialect(options)), None)
    if not record:
        raise UnreadableFile("the file has no header line")
    names: list[str] = []
    taken: set[str] = set()
    for i, raw in enumerate(record):
        name = raw.strip() or f"column{i}"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names.append(name)
    return names


def _dialect(options: FileSet) -> dict[str, object]:
    quoting = csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE
    return {"delimiter": options.delimiter, "quotechar": options.quote or None, "quoting": quoting}


def rewrite_carefully(readable: Readable, target: Path) -> Readable:
    """Copies the sound records of a text file to `target`; the rest becomes `damage`.

    Raises:
        UnreadableFile: the format has no records that could be told apart (a JSON array, Parquet).
    """
    if readable.options.format == "jsonl":
        return _rewrite_json_lines(readable, target)
    if not readable.is_delimited:
        raise UnreadableFile(f"damaged {readable.options.format} file")
    result = Readable(target, readable.options, readable.types, array("q"))
    width = len(readable.types)
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, **_dialect(readable.options))  # type: ignore[arg-type]
        for number, (line, record, reason) in enumerate(_records(readable)):
            if number == 0 and not reason:
                writer.writerow(list(readable.types))
                continue
            if not reason and len(record) != width:
                reason = f"{len(record)} columns where the header has {width}"
            if reason:
                result.damage.append(Damage(line, reason))
                continue
            writer.writerow(record)
            assert result.record_lines is not None
            result.record_lines.append(line)
    return result


class _Replay:
    """Lines of a file as text, with those of the record under way kept to be read again."""

    def __init__(self, path: Path) -> None:
        self._source = files.lines(path)
        self._again: list[tuple[int, str]] = []
        self.current: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._again:
            number, text = self._again.pop()
        else:
            number, raw = next(self._source)
            encoding = "utf-8-sig" if number == 1 else "utf-8"
            text = raw.decode(encoding, errors="surrogateescape")
        self.current.append((number, text))
        return text

    def give_back_all_but_first(self) -> None:
        self._again.extend(reversed(self.current[1:]))


def _records(readable: Readable) -> Iterator[tuple[int, list[str], str]]:
    """Every record as (line, values, reason); a reason says why it cannot be used.

    After a stray quote reading goes on with the very next line, so that one bad character costs
    one line and not the rest of the file.
    """
    csv.field_size_limit(files.MAX_LINE_BYTES)
    replay = _Replay(readable.path)
    dialect = _dialect(readable.options)
    reader = csv.reader(replay, strict=True, **dialect)  # type: ignore[arg-type]
    while True:
        replay.current = []
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = replay.current[0][0] if replay.current else 0
            replay.give_back_all_but_first()
            reader = csv.reader(replay, strict=True, **dialect)  # type: ignore[arg-type]
            yield line, [], f"malformed line ({error})"
            continue
        if record:
            yield replay.current[0][0], record, _text_damage(replay.current)


def _text_damage(lines: list[tuple[int, str]]) -> str:
    overlong = files.OVERLONG.decode("utf-8", errors="surrogateescape")
    for _, text in lines:
        if text == overlong:
            return f"line longer than {files.MAX_LINE_BYTES:,} bytes"
        if not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text):
            return "not UTF-8 text"
    return ""


def _rewrite_json_lines(readable: Readable, target: Path) -> Readable:
    lines = array("q")
    damage: list[Damage] = []
    keys: dict[str, str] = {}
    with target.open("wb") as out:
        for number, raw in files.lines(readable.path):
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.isspace() or not raw:
                continue
            value, reason = _json_object(raw)
            if reason:
                damage.append(Damage(number, reason))
                continue
            keys.update(dict.fromkeys(value, "VARCHAR"))
            out.write(raw if raw.endswith(b"\n") else raw + b"\n")
            lines.append(number)
    return Readable(target, readable.options, readable.types | keys, lines, damage)


def _json_object(raw: bytes) -> tuple[dict[str, object], str]:
    if raw == files.OVERLONG:
        return {}, f"line longer than {files.MAX_LINE_BYTES:,} bytes"
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return {}, "not UTF-8 text"
    except RecursionError:
        return {}, "JSON nested too deeply"
    except ValueError as error:
        return {}, f"malformed JSON ({getattr(error, 'msg', error)})"
    if not isinstance(value, dict):
        return {}, "a JSON value that is no object"
    if _depth(value) > _MAX_JSON_DEPTH:
        return {}, "JSON nested too deeply"
    return value, ""


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _depth(value: object) -> int:
    deepest, stack = 0, [(value, 1)]
    while stack:
        item, depth = stack.pop()
        deepest = max(deepest, depth)
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        stack.extend((child, depth + 1) for child in children if isinstance(child, dict | list))
    return deepest
