"""Opens a delivered file and cuts off its head."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType

import duckdb

from orchestration.extract import files, reading, sql
from orchestration.extract.files import Delivered, UnreadableFile
from orchestration.extract.reading import NOWHERE, Origin, Readable
from orchestration.extract.shapes import Shape
from orchestration.extract.sources import FileSet

_HEAD_BYTES = 64 << 20


def plain(file: Delivered, scratch: Path) -> Path:
    """The file itself, or its content opened into `scratch` where it is packed.

    Raises:
        UnreadableFile: the archive is damaged.
    """
    return file.path if files.is_plain(file) else files.unpack(file, scratch / "unpacked")


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
) -> Readable:
    """The first records of an unpacked file, with their lines and with what is damaged among them.

    Keys of JSON objects may be rare: `needed` ones are looked for in the whole file.

    Raises:
        UnreadableFile: not of the declared format or encoding.
    """
    if path.stat().st_size == 0:
        raise UnreadableFile("the file is empty")
    if options.format != "parquet":
        codec = files.needs_transcoding(path, options.encoding)
        if codec:
            path = files.transcode(path, codec, scratch / "text")
    if options.format in ("json", "parquet"):
        whole = reading.open_readable(connection, (path,), (origin,), options, needed=needed, shapes=shapes)
        looked = {f.name: getattr(whole, f.name) for f in fields(whole)}
        return _Limited(**{**looked, "is_loose": options.format == "json"}, limit=limit)
    cut = _cut(path, options, scratch / "head", limit)
    opened = reading.open_readable(connection, (cut,), (origin,), options)
    readable = reading.rewrite_carefully(opened, scratch / "records", shapes)
    if options.format == "jsonl":
        known = {sql.folded(name) for name in readable.types}
        if any(sql.folded(name) not in known for name in needed):
            whole = reading.open_readable(
                connection, (path,), (origin,), options, needed=needed, shapes=shapes
            )
            readable.types |= whole.types
    if not readable.types:
        raise UnreadableFile("no line holds a JSON object")
    return readable


@dataclass
class _Limited(Readable):
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
        while size < _HEAD_BYTES and (piece := file.readline(files.CHUNK_BYTES)):
            out.write(piece)
            size += len(piece)
            lines += piece.endswith(b"\n")
            quotes += piece.count(quote) if quote else 0
            if lines > 4 * limit or (lines > limit and quotes % 2 == 0 and piece.endswith(b"\n")):
                break
    return target
