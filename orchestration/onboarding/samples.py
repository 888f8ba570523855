"""Opens a delivered file and cuts off its head."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType

import duckdb

from orchestration.base import sql
from orchestration.landing import archives, export_file, text_files
from orchestration.landing.export_file import ExportFile, UnreadableFile
from orchestration.landing.read import documents, json_keys, line_by_line, relations, workbooks
from orchestration.landing.read.documents import JsonLayout
from orchestration.landing.read.relations import NOWHERE, Damage, FileRelation, Origin
from orchestration.sources.file_settings import FileSet
from orchestration.sources.shapes import Shape

_HEAD_BYTES = 64 << 20


def plain(file: ExportFile, scratch: Path) -> Path:
    """The file itself, or its content opened into `scratch` where it is packed.

    Raises:
        UnreadableFile: the archive is damaged.
    """
    return file.path if export_file.is_plain(file) else archives.unpack(file, scratch / "unpacked")


def head(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    options: FileSet,
    scratch: Path,
    *,
    limit: int,
    origin: Origin = NOWHERE,
    needed: Iterable[str] = (),
    shapes: Mapping[str, Shape] = MappingProxyType({}),
    form: JsonLayout | None = None,
) -> FileRelation:
    """The first records of an unpacked file, with their lines and with what is damaged among them.

    Keys of JSON objects may be rare: `needed` ones are looked for in the whole file. Records of JSON that do
    not lie as `form` means them are brought there, as landing does.

    Raises:
        UnreadableFile: not of the declared format or encoding.
    """
    if path.stat().st_size == 0:
        raise UnreadableFile("the file is empty")
    if options.is_workbook:
        return sheet(connection, path, options, scratch, limit=limit, origin=origin)
    if not options.is_binary:
        text_files.require_text(path)
        codec = text_files.needs_transcoding(path, options.encoding)
        if codec:
            path = text_files.transcode(path, codec, scratch / "text")
    if form is not None and options.is_json:
        path, options = as_records(path, options, form, scratch, limit=limit)
    if options.format in ("json", "parquet"):
        whole = relations.open_relation(connection, (path,), (origin,), options, needed=needed, shapes=shapes)
        if form is not None and documents.varies((path,), form, whole.keys):
            target = scratch / "anew"
            done = documents.rewrite(path, target, form, None, recasts=True, limit=limit)
            lines = options.model_copy(update={"format": "jsonl"})
            read = head(connection, done.path, lines, scratch, limit=limit, origin=origin, shapes=shapes)
            read.damage = [Damage(*one) for one in done.damage]
            return read
        looked = {f.name: getattr(whole, f.name) for f in fields(whole)}
        return _Limited(**{**looked, "is_untyped": options.format == "json"}, limit=limit)
    cut = _cut(path, options, scratch / "head", limit)
    opened = relations.open_relation(connection, (cut,), (origin,), options)
    varies = form is not None and options.is_json and documents.varies((cut,), form, opened.keys)
    names = form.names if form is not None and varies else {}
    recast = (lambda text: json_keys.recast_line(text, names)) if varies else None
    relation = line_by_line.copy_sound_records(opened, scratch / "records", shapes, recast)
    if varies:
        spelled = {sql.folded(name): name for name in names}
        relation.types = {spelled.get(sql.folded(n), n): kind for n, kind in relation.types.items()}
    if options.format == "jsonl":
        known = {sql.folded(name) for name in relation.types}
        if any(sql.folded(name) not in known for name in needed):
            whole = relations.open_relation(
                connection, (path,), (origin,), options, needed=needed, shapes=shapes
            )
            relation.types |= whole.types
    if not relation.types:
        raise UnreadableFile("no line holds a JSON object")
    return relation


def sheet(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    options: FileSet,
    scratch: Path,
    *,
    limit: int | None = None,
    origin: Origin = NOWHERE,
) -> FileRelation:
    """The rows of a workbook's sheet, or the first of them.

    Raises:
        UnreadableFile: no workbook, damaged, or without that sheet.
    """
    done = workbooks.rewrite(path, scratch / "sheet", options, limit=limit)
    relation = relations.open_relation(connection, (done.path,), (origin,), workbooks.csv_options(options))
    relation.record_lines = done.numbers
    relation.damage = [Damage(*one) for one in done.damage]
    return relation


def as_records(
    path: Path,
    options: FileSet,
    form: JsonLayout,
    scratch: Path,
    *,
    limit: int | None = None,
    recasts: bool = False,
) -> tuple[Path, FileSet]:
    """The file, or its records one a line where they do not lie as `form` means (or with keys recast).

    Raises:
        UnreadableFile: it is no JSON.
    """
    wrapped = _wrapping(path, form) if options.is_json else None
    if not (wrapped or recasts):
        return path, options
    target = scratch / ("recast" if recasts else "unwrapped")
    done = documents.rewrite(path, target, form, wrapped, recasts=recasts, limit=limit)
    return done.path, options.model_copy(update={"format": "jsonl"})


def _wrapping(path: Path, form: JsonLayout) -> documents.JsonEnvelope | None:
    try:
        return documents.wrapping(path, form)
    except UnreadableFile:
        return None  # of lines, others may be sound


@dataclass
class _Limited(FileRelation):
    """The first records of a format that only the engine can cut."""

    limit: int = field(kw_only=True)

    def relation(self) -> str:
        """SQL of the first records."""
        return f"(SELECT * FROM {super().relation()} LIMIT {self.limit})"


def _cut(path: Path, options: FileSet, target: Path, limit: int) -> Path:
    """Copies whole records: a cut inside quotes would look like damage."""
    quote = options.quote.encode() if options.format in ("csv", "tsv") else b""
    lines = quotes = size = 0
    with path.open("rb") as file, target.open("wb") as out:
        while size < _HEAD_BYTES and (piece := file.readline(export_file.CHUNK_BYTES)):
            out.write(piece)
            size += len(piece)
            lines += piece.endswith(b"\n")
            quotes += piece.count(quote) if quote else 0
            if lines > 4 * limit or (lines > limit and quotes % 2 == 0 and piece.endswith(b"\n")):
                break
    return target
