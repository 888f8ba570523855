"""A slow, exact reader: copies the sound records of a file, and sets aside what is damaged with its line."""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa

from orchestration.base import engine, sql
from orchestration.landing import text_files
from orchestration.landing.export_file import UnreadableFile
from orchestration.landing.read.relations import Damage, FileRelation, with_shapes
from orchestration.sources.file_settings import FileSet
from orchestration.sources.shapes import Shape

_BATCH_LINES = 20_000
_BATCH_BYTES = 16_000_000
# Reading a second time what follows a quote that never closes may cost this much at most.
_MAX_REREAD_RATIO = 2
_MIN_REREAD = 4_000_000

Recast = Callable[[str], tuple[str, str]]
"""Makes of the text of a record the one that is read, or the reason why it cannot."""


def copy_sound_records(
    relation: FileRelation,
    target: Path,
    shapes: Mapping[str, Shape] = MappingProxyType({}),
    recast: Recast | None = None,
) -> FileRelation:
    """Copies the sound records of a text file to `target`; the rest becomes `damage`.

    They stay as they are, but for what `recast` makes of lines of JSON.

    Raises:
        UnreadableFile: the format has no records that could be separated (a JSON array, Parquet).
    """
    if relation.options.format == "jsonl":
        return _rewrite_json_lines(replace(relation, layout="newline_delimited"), target, shapes, recast)
    if not relation.is_delimited:
        raise UnreadableFile(f"damaged {relation.options.format} file; deliver it again")
    lines, damage = array("q"), list[Damage]()
    with target.open("wb") as out:
        # The reader skips one line; which names stand in it does not matter.
        out.write(
            relation.options.delimiter.join(f"c{i}" for i in range(len(relation.types))).encode() + b"\n"
        )
        for line, record, reason in _Records(relation):
            if reason:
                damage.append(Damage(line, reason))
            else:
                out.write(record.encode() + b"\n")
                lines.append(line)
    return replace(
        relation,
        paths=(target,),
        record_lines=lines,
        damage=damage,
        n_header_lines=1,
        n_header_delimiters=len(relation.types) - 1,
        n_skipped=0,
    )


class _Dialect:
    """What lines and records of a delimited file look like, the same as to the fast reader.

    Every pattern is possessive: a line is read once, whatever is in it.
    """

    def __init__(self, options: FileSet, width: int) -> None:
        mark, quote = re.escape(options.delimiter), re.escape(options.quote)
        plain = rf"(?:(?!{mark})[^\r\n])*+"
        if quote:
            pad = "" if options.delimiter == " " else " *+"
            inside = rf"(?:[^{quote}]|{quote}{quote})*+"
            value = rf"(?:{pad}{quote}{inside}{quote}{pad}|(?!{pad}{quote}){plain})"
            opened = rf"{pad}{quote}{inside}"
            self.opening = re.compile(rf"(?:{value}{mark})*+{opened}")
            self.still_open = re.compile(rf"{inside}(?:{quote}{pad}(?:{mark}{value})*+{mark}{opened})?")
            self.closing = re.compile(rf"{inside}{quote}{pad}(?:{mark}{value})*+")
        else:
            value = plain
        self.quote = options.quote
        self.record = re.compile(rf"{value}(?:{mark}{value}){{{width - 1}}}")
        self.any_width = re.compile(rf"{value}(?:{mark}{value})*+")
        self.mark = re.compile(rf"{value}({mark}|\Z)")


class _Records:
    """Every record of a delimited file as (line, text, reason); a reason says why it cannot be used.

    After a quote that never closes, reading goes on with the very next line, so that one bad
    character costs one line and not the rest of the file.
    """

    def __init__(self, relation: FileRelation) -> None:
        self._width = len(relation.types)
        self._dialect = _Dialect(relation.options, self._width)
        self._source = islice(text_files.lines(relation.path), relation.n_header_lines, None)
        self._again: list[tuple[int, bytes]] = []
        self._budget = max(_MIN_REREAD, relation.path.stat().st_size * _MAX_REREAD_RATIO)

    def _next(self) -> tuple[int, bytes] | None:
        return self._again.pop() if self._again else next(self._source, None)

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        while (following := self._next()) is not None:
            line, raw = following
            text, reason = _as_text(raw)
            record = _without_end(text)
            if not reason and not record and self._width > 1:
                continue  # an empty line is no record
            if not reason and not self._dialect.record.fullmatch(record):
                if self._dialect.quote and self._dialect.opening.fullmatch(text):
                    record, reason = self._continued(text)
                else:
                    reason = self._fault(record)
            yield line, record, reason

    def _continued(self, text: str) -> tuple[str, str]:
        """The whole record whose first line leaves a quote open; what is not part of it is given back."""
        taken: list[tuple[int, bytes]] = []
        parts, size = [text], len(text)
        while size <= text_files.MAX_LINE_BYTES and (following := self._next()) is not None:
            taken.append(following)
            text, reason = _as_text(following[1])
            parts.append(text)
            size += len(text)
            if reason:
                break
            if self._dialect.closing.fullmatch(_without_end(text)):
                record = _without_end("".join(parts))
                if self._dialect.record.fullmatch(record):
                    return record, ""
                break
            if not self._dialect.still_open.fullmatch(text):
                break
        self._again.extend(reversed(taken))
        self._budget -= size
        if self._budget < 0:
            raise UnreadableFile("too many quotes never close; correct `quote`")
        return "", "a quote that never closes, or closes in the wrong place"

    def _fault(self, record: str) -> str:
        if not self._dialect.any_width.fullmatch(record):
            return "a quote or a line break in the wrong place"
        n_columns = sum(map(bool, self._dialect.mark.findall(record))) + 1
        return f"{n_columns} columns where the header has {self._width}"


def _as_text(raw: bytes) -> tuple[str, str]:
    if raw == text_files.OVERLONG:
        return "", f"line longer than {text_files.MAX_LINE_BYTES:,} bytes"
    if b"\0" in raw:
        return "", "holds a NUL byte"
    try:
        return raw.decode(), ""
    except UnicodeDecodeError:
        return "", "no text in the declared encoding"


def _without_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _batches(numbered: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Lines in groups that a small engine can judge, however long they are."""
    batch: list[tuple[int, bytes]] = []
    n_bytes = 0
    for line, raw in numbered:
        batch.append((line, raw))
        n_bytes += len(raw)
        if len(batch) == _BATCH_LINES or n_bytes >= _BATCH_BYTES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def _rewrite_json_lines(
    relation: FileRelation, target: Path, shapes: Mapping[str, Shape], recast: Recast | None
) -> FileRelation:
    lines, damage = array("q"), list[Damage]()
    types = {sql.folded(name): name for name in relation.types}
    numbered = text_files.lines(relation.path)
    with target.open("wb") as out, engine.connect() as connection:
        for batch in _batches(numbered):
            sound: list[tuple[int, str]] = []
            for line, raw in batch:
                text, reason = _as_text(raw.removeprefix(b"\xef\xbb\xbf") if line == 1 else raw)
                if reason:
                    damage.append(Damage(line, reason))
                elif text.strip():
                    sound.append((line, _without_end(text)))
            judged = _judged(connection, sound, shapes)
            for (line, text), (fault, keys) in zip(sound, judged, strict=True):
                written, reason = recast(text) if recast and not fault else (text, fault)
                if reason:
                    damage.append(Damage(line, reason))
                    continue
                for key in filter(None, keys):
                    types.setdefault(sql.folded(key), key)
                out.write(written.encode() + b"\n")
                lines.append(line)
    damage.sort(key=lambda one: one.line)
    careful = replace(relation, paths=(target,), record_lines=lines, damage=damage, is_untyped=True)
    return with_shapes(careful, types.values(), shapes)


def _judged(
    connection: duckdb.DuckDBPyConnection, lines: list[tuple[int, str]], columns: Iterable[str]
) -> list[tuple[str, list[str]]]:
    """Reason (or none) and keys of JSON lines, by the parser that will read them."""
    # The fast reader sees only such keys; a line must not fare worse for damage in another one.
    read = (
        f"list_filter(keys, lambda k: lower(k) IN {sql.texts(map(sql.folded, columns))})"
        if columns
        else "keys"
    )
    texts = pa.table(
        {"number": range(len(lines)), "line": pa.array([text for _, text in lines], pa.string())}
    )
    connection.register("texts", texts)
    return connection.execute(
        f"""
        SELECT
            CASE
                WHEN keys IS NULL AND json_valid(line) THEN 'a JSON value that is no object'
                WHEN keys IS NULL THEN 'malformed JSON'
                WHEN len({read}) <> len(list_distinct({read})) THEN 'a JSON key that is written twice'
                ELSE ''
            END,
            coalesce(keys, [])
        FROM (
            SELECT
                number,
                line,
                CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN json_keys(line) END AS keys
            FROM texts
        )
        ORDER BY number
        """
    ).fetchall()
