"""Plain files as DuckDB relations: DuckDB's own reader, with every column as text.

It is fast, and trusted only where its row count agrees with the file's bytes. Any other file is read line by
line (`line_by_line`).
"""

import csv
import io
import re
from array import array
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa
from pyarrow import parquet

from orchestration.base import sql
from orchestration.landing import export_file, text_files
from orchestration.landing import working_columns as work
from orchestration.landing.export_file import UnreadableFile
from orchestration.landing.read import engine_errors, headers
from orchestration.landing.read.engine_errors import ENGINE_ERRORS, OWN_ERRORS
from orchestration.sources.file_settings import DELIMITED, FileSet
from orchestration.sources.shapes import Shape

_JSON_SAMPLE = 20_480  # objects at the beginning that are looked at to learn the keys of JSON files
_JSON_PLACES = 1_000  # and lines all through them, because a new key may come late


# Times as most files write them. DuckDB reads these exactly, and as fast as it reads text; without a format
# it would take `10:00 PM` for 10:00.
_USUAL_TIMES = {
    "%Y-%m-%d %H:%M:%S": r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}",
    "%Y-%m-%dT%H:%M:%S": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}",
}
_SAMPLED_ROWS = 2_048
# It reads words such as `epoch` as the first moment of 1900, and two digits as a year before that.
_FIRST_TIME = "TIMESTAMP '1900-01-02 00:00:00'"


@dataclass(frozen=True)
class Damage:
    """A record that could not be read: its first line in the file and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Origin:
    """Which delivery the rows of a file are from; the time is naive UTC."""

    source_file: str
    delivery_id: str
    delivered_at: datetime


NOWHERE = Origin("", "", datetime.max)
"""Of rows that are only looked at."""
ORIGIN = ("_source_file", "_delivery_id", "_delivered_at")
"""Columns that say which delivery a row is from, as in `Origin`."""
PATH = sql.name(work.PATH)
DELIVERY = work.origin("_delivery_id")
"""The delivery id while rows are read, and the path of their file."""
_MEMBERS = "delivered_members"


@dataclass
class FileRelation:
    """Plain UTF-8 files with the same known columns.

    `types` maps each column to its DuckDB type, `shapes` those of JSON that are read deeper. Columns of a
    delimited file are text, or times that are all written in one `time_format`. An untyped relation reads
    JSON of any shape, and its column `?fits` says whether the shape is the expected one.
    `record_lines` holds the line of every record where the file was read line by line;
    `damage` what that reader set aside. The header of a delimited file takes `n_header_lines` lines,
    with `n_header_delimiters` in them; the engine skips `n_skipped` records of these, and takes the next one
    for the names. `layout` is what DuckDB calls the arrangement of JSON records, `keys`
    are those of their first level in every spelling. `same_name` lists for a column (folded) the columns of
    the file whose names differ in case or blanks. `renamed` maps columns of Parquet to their names here.
    """

    paths: tuple[Path, ...]
    origins: tuple[Origin, ...]
    options: FileSet
    types: dict[str, str]
    shapes: dict[str, Shape] = field(default_factory=dict)
    layout: str = ""
    time_format: str = ""
    is_untyped: bool = False
    record_lines: "array[int] | None" = None
    damage: list[Damage] = field(default_factory=list)
    n_header_lines: int = 0
    n_header_delimiters: int = 0
    n_skipped: int = 0
    keys: tuple[str, ...] = ()
    same_name: dict[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file, where there is one only."""
        (path,) = self.paths
        return path

    @property
    def is_delimited(self) -> bool:
        """CSV, TSV, or lines of one column."""
        return self.options.format in DELIMITED

    @property
    def has_lines(self) -> bool:
        """Whether records are made of whole lines, so that one can be held against the other."""
        return self.is_delimited or self.layout == "newline_delimited"

    @property
    def members(self) -> str:
        """Name of the table with the origin of each path; empty for a single file."""
        return _MEMBERS if len(self.paths) > 1 else ""

    def origin(self) -> str:
        """SQL of what `members` do not say of a row's delivery, and of the file name that mappings see."""
        names = [work.origin(column) for column in ORIGIN]
        if self.members:
            return f"{names[0]} AS _source_file"
        (one,) = self.origins
        moment = f"TIMESTAMP {sql.text(one.delivered_at.isoformat(' ', 'microseconds'))}"
        values = (sql.constant(one.source_file), sql.constant(one.delivery_id), moment)
        listed = ", ".join(f"{value} AS {name}" for value, name in zip(values, names, strict=True))
        return f"{listed}, {sql.text(one.source_file)} AS _source_file"

    def member_table(self) -> pa.Table:
        """The rows of `members`."""
        columns = zip(*((o.source_file, o.delivery_id, o.delivered_at) for o in self.origins), strict=True)
        names = map(work.origin_column, ORIGIN)
        return pa.table(
            {
                work.PATH: [str(path) for path in self.paths],
                **dict(zip(names, map(list, columns), strict=True)),
            }
        )

    def untyped(self) -> "FileRelation":
        """The relation without assumptions about the types of its values."""
        if not self.is_delimited:
            return replace(self, is_untyped=True)
        return replace(self, types=dict.fromkeys(self.types, "VARCHAR"), time_format="")

    def rows(self, columns: Iterable[str], number: str = "") -> str:
        """SQL of some columns of every record with its origin, and with its number under a name for it."""
        # A file may have columns of any name, so only those asked for are taken along.
        taken = [*columns, *([PATH] if self.members else [])]
        taken += [f"row_number() OVER () AS {number}"] if number else []
        records = f"(SELECT {', '.join(taken) or '1 AS one'} FROM {self.relation()})"
        joined = f" JOIN {self.members} USING ({PATH})" if self.members else ""
        return f"(SELECT *, {self.origin()} FROM {records}{joined})"

    def counts(self) -> str:
        """SQL of the delivery id and number of records of every file that has some."""
        return f"SELECT {DELIVERY}, count(*) FROM {self.rows([])} GROUP BY ALL"

    def relation(self) -> str:
        """SQL of the relation; reading it fails on a damaged record, and skips none."""
        # A folder called a=b is a place here, not a column.
        location = f"{sql.paths(self.paths)}, hive_partitioning=false"
        if self.members:
            location += f", filename={sql.text(work.PATH)}"
        if self.options.format == "parquet":
            renames = ", ".join(f"{sql.name(own)} AS {sql.name(name)}" for own, name in self.renamed.items())
            read = f"read_parquet({location})"
            return f"(SELECT * RENAME ({renames}) FROM {read})" if renames else read
        if not self.is_delimited:
            return self._json(location)
        columns = "{" + ", ".join(f"{sql.text(c)}: {sql.text(t)}" for c, t in self.types.items()) + "}"
        times = [sql.name(name) for name, kind in self.types.items() if kind == "TIMESTAMP"]
        spelled = f", timestampformat={sql.text(self.time_format)}" if times else ""
        relation = (
            f"read_csv({location}, auto_detect=false, header={self.n_header_lines > self.n_skipped}, "
            f"skip={self.n_skipped}, columns={columns}, "
            f"delim={sql.text(self.options.delimiter)}, quote={sql.text(self.options.quote)}, "
            f"escape={sql.text(self.options.quote)}, max_line_size={text_files.MAX_LINE_BYTES}{spelled})"
        )
        if not times:
            return relation
        refusal = f"error({sql.text(engine_errors.DOUBTFUL)})"
        checked = ", ".join(
            f"CASE WHEN {c} < {_FIRST_TIME} THEN {refusal} ELSE {c} END AS {c}" for c in times
        )
        return f"(SELECT * REPLACE ({checked}) FROM {relation})"

    def _json(self, location: str) -> str:
        shaped = {n: self.shapes[n] for n in self.types if n in self.shapes and not self.shapes[n].is_text}
        types = self.types | (dict.fromkeys(shaped, "JSON") if self.is_untyped else {})
        columns = "{" + ", ".join(f"{sql.text(c)}: {sql.text(t)}" for c, t in types.items()) + "}"
        relation = f"read_json({location}, format='{self.layout}', columns={columns})"
        if not self.is_untyped:
            return relation
        read = [f"{shape.transform(sql.name(name))} AS {sql.name(name)}" for name, shape in shaped.items()]
        fits = " AND ".join(shape.fits(sql.name(name)) for name, shape in shaped.items()) or "true"
        replaced = f" REPLACE ({', '.join(read)})" if read else ""
        return f"(SELECT *{replaced}, {fits} AS {work.FITS} FROM {relation})"


def layout_of(path: Path, options: FileSet) -> str:
    """How a JSON file arranges its records: a line each, an array, or documents one after another.

    Streams that are delivered in batches often come without line ends, and samples spread over many lines.
    """
    with path.open("rb") as file:
        head = file.read(export_file.CHUNK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if options.format == "json":
        return "array" if head.startswith(b"[") else "unstructured"
    if re.match(rb"\[\s*(\{|\]\s*$)", head):
        return "array"
    first = head.partition(b"\n")[0].rstrip()
    return "unstructured" if first == b"{" or re.match(rb"\{.*\}\s*\{", first) else "newline_delimited"


# ---------------------------------------------------------------- columns


def open_relation(
    connection: duckdb.DuckDBPyConnection,
    paths: tuple[Path, ...],
    origins: tuple[Origin, ...],
    options: FileSet,
    *,
    needed: Iterable[str] = (),
    shapes: Mapping[str, Shape] = MappingProxyType({}),
) -> FileRelation:
    """Learns the columns of plain files of one layout; looks for `needed` ones through the whole files.

    JSON lines that cannot be separated yield no columns: only the line-by-line reader finds them.

    Raises:
        UnreadableFile: empty, or not of the declared format.
    """
    first = paths[0]
    if first.stat().st_size == 0:
        raise UnreadableFile("the file is empty")
    if options.format in DELIMITED:
        return _with_header(paths, origins, options)
    if options.format == "parquet":
        try:
            rows = connection.execute(
                f"DESCRIBE FROM read_parquet({sql.path(first)}, hive_partitioning=false)"
            )
            return _typed(paths, origins, options, {row[0]: row[1] for row in rows.fetchall()})
        except OWN_ERRORS:
            raise
        except ENGINE_ERRORS as error:
            raise UnreadableFile(engine_errors.damaged(error)) from error
    layout = layout_of(first, options)
    relation = FileRelation(paths, origins, options, {}, layout=layout)
    try:
        keys = _keys(connection, relation, _JSON_SAMPLE)
        names = _one_spelling(keys)
        known = {sql.folded(name) for name in names}
        if any(sql.folded(column) not in known for column in needed):
            keys = _keys(connection, relation, -1)
            names = _one_spelling(keys)
    except OWN_ERRORS:
        raise
    except ENGINE_ERRORS as error:
        if options.format == "jsonl":
            return relation
        raise UnreadableFile(engine_errors.damaged(error)) from error
    if not names and layout == "array" and _is_empty_array(connection, first):
        names = list(needed)
    return with_shapes(replace(relation, keys=tuple(keys)), names, shapes)


def _typed(
    paths: tuple[Path, ...], origins: tuple[Origin, ...], options: FileSet, types: dict[str, str]
) -> FileRelation:
    """A Parquet relation; the engine itself makes a name for a second column that is called the same."""
    try:
        written = parquet.read_schema(paths[0]).names
    except (pa.ArrowException, OSError, ValueError):
        written = []  # damage of what Arrow notes beside the schema does not keep the engine from reading
    names, same_name = headers.distinct_names(written)
    if len(names) != len(types):
        return FileRelation(paths, origins, options, types)
    renamed = {own: name for own, name in zip(types, names, strict=True) if own != name}
    kept = dict(zip(names, types.values(), strict=True))
    return FileRelation(paths, origins, options, kept, renamed=renamed, same_name=same_name)


def _one_spelling(keys: Iterable[str]) -> list[str]:
    return list({sql.folded(key): key for key in keys}.values())


def with_shapes(relation: FileRelation, names: Iterable[str], shapes: Mapping[str, Shape]) -> FileRelation:
    """A JSON relation with its columns; those that mappings read into have the type of their shape."""
    folded = {sql.folded(name): shape for name, shape in shapes.items() if not shape.is_text}
    found = {name: folded[sql.folded(name)] for name in names if sql.folded(name) in folded}
    types = {name: found[name].duckdb_type if name in found else "VARCHAR" for name in names}
    return replace(relation, types=types, shapes={**shapes, **found})


def _keys(connection: duckdb.DuckDBPyConnection, relation: FileRelation, n_objects: int) -> list[str]:
    """Keys of the first objects (all: -1), and of JSON lines all through the files.

    DuckDB's own detection takes 32 MB for each file it looks into; to look at all costs a third of a COPY.
    """
    has_lines = relation.layout == "newline_delimited"
    lenient = ", ignore_errors=true" if has_lines else ""
    objects = (
        f"SELECT json FROM read_json_objects({sql.paths(relation.paths)}, hive_partitioning=false, "
        f"format='{relation.layout}'{lenient})"
    )
    looked_at = f"({objects}{f' LIMIT {n_objects}' if has_lines and n_objects >= 0 else ''})"
    if has_lines and n_objects >= 0:
        places = [
            line.decode(errors="replace")
            for line in text_files.lines_throughout(relation.paths, _JSON_PLACES)
        ]
        connection.register("places", pa.table({"json": pa.array(places, pa.string())}))
        looked_at += (
            " UNION ALL (SELECT CAST(json AS JSON) FROM places"
            " WHERE json_valid(json) AND json_type(json) = 'OBJECT')"
        )
    keys = f"SELECT DISTINCT unnest(json_keys(json)) FROM ({looked_at}) ORDER BY 1"
    # No mapping can mean a key without a name, and DuckDB could not be asked for it.
    return [row[0] for row in connection.execute(keys).fetchall() if row[0]]


def _is_empty_array(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    query = f"SELECT count(*) FROM read_json({sql.path(path)}, format='array', columns={{'x': 'VARCHAR'}})"
    try:
        return connection.execute(query).fetchall() == [(0,)]
    except OWN_ERRORS:
        raise
    except ENGINE_ERRORS:
        return False


def with_times(
    connection: duckdb.DuckDBPyConnection, relation: FileRelation, columns: Container[str]
) -> FileRelation:
    """The relation, with the type of times for those of some columns (folded) that begin as times.

    All of them are written in one way, the one that most have in the first rows. Reading fails on a value
    further down that is written in another; then they are text (`FileRelation.untyped`).
    """
    single = [name for name in relation.types if sql.folded(name) not in relation.same_name]
    names = [name for name in single if sql.folded(name) in columns] if relation.is_delimited else []
    if not names:
        return relation
    looked_at = f"(SELECT {', '.join(map(sql.name, names))} FROM {relation.relation()} LIMIT {_SAMPLED_ROWS})"
    usual = (
        ", ".join(f"bool_and(regexp_full_match({sql.name(name)}, {sql.text(pattern)}))" for name in names)
        for pattern in _USUAL_TIMES.values()
    )
    by_pattern = ", ".join(f"[{listed}]" for listed in usual)
    try:
        found = connection.execute(f"SELECT {by_pattern} FROM {looked_at}").fetchall()[0]
    except ENGINE_ERRORS:
        return relation
    by_format = {
        spelled: [name for name, is_usual in zip(names, found_usual, strict=True) if is_usual]
        for spelled, found_usual in zip(_USUAL_TIMES, found, strict=True)
    }
    time_format, times = max(by_format.items(), key=lambda one: len(one[1]))
    return replace(
        relation, types=relation.types | dict.fromkeys(times, "TIMESTAMP"), time_format=time_format
    )


def _with_header(paths: tuple[Path, ...], origins: tuple[Origin, ...], options: FileSet) -> FileRelation:
    separator = headers.separator_of(paths[0]) if options.format != "lines" else ""
    if separator:
        options = options.model_copy(update={"delimiter": separator})
    n_above = options.skip + bool(separator)
    if options.header and not n_above:
        return FileRelation(paths, origins, options, dict.fromkeys(options.header, "VARCHAR"))
    with paths[0].open("rb") as file:
        head = file.read(export_file.CHUNK_BYTES).decode("utf-8-sig", errors="replace")
    every = list(io.StringIO(head, newline=""))
    above, text = every[:n_above], every[n_above:]
    if options.header:
        return FileRelation(
            paths,
            origins,
            options,
            dict.fromkeys(options.header, "VARCHAR"),
            n_header_lines=n_above,
            n_header_delimiters="".join(above).count(options.delimiter),
            n_skipped=n_above,
        )
    csv.field_size_limit(text_files.MAX_LINE_BYTES)  # of the process: whoever reads first must not decide it
    if options.quote:
        reader = csv.reader(text, delimiter=options.delimiter, quotechar=options.quote)
    else:
        reader = csv.reader(text, delimiter=options.delimiter, quoting=csv.QUOTE_NONE)
    try:
        records = [next(reader, []) for _ in range(options.header_rows)]
    except csv.Error as error:
        raise UnreadableFile(f"the header line cannot be read ({error}); correct `quote`") from error
    if not all(records):
        raise UnreadableFile("the file has no header line" + ("; correct `skip`" if options.skip else ""))
    raw = "".join(text[: reader.line_num])
    if raw.endswith("\r") and len(raw) < len("".join(text)):
        raise UnreadableFile(
            "its header ends with a carriage return, other lines with a line feed; use one line end"
        )
    if "\ufffd" in raw or "\0" in raw:
        raise UnreadableFile("the header line is no text in the declared encoding; correct `encoding`")
    names, same_name = headers.distinct_names(headers.joined_names(records))
    return FileRelation(
        paths,
        origins,
        options,
        dict.fromkeys(names, "VARCHAR"),
        same_name=same_name,
        # A carriage return within a quoted name ends no line of the file.
        n_header_lines=n_above + raw.count("\n") + (not raw.endswith("\n")),
        n_header_delimiters=("".join(above) + raw).count(options.delimiter),
        n_skipped=n_above + options.header_rows - 1,
    )
