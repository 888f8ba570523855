"""Plain files as DuckDB relations, and a slow, exact reader for damaged files.

The fast way is DuckDB's own reader with every column as text. It is trusted only where its row
count agrees with the file's bytes; otherwise the sound records are copied one by one to another
file, and what is damaged goes to quarantine with its line.
"""

import codecs
import csv
import io
import re
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa
from pyarrow import parquet

from orchestration.base import engine, sql
from orchestration.landing import export_file, text_files
from orchestration.landing import working_columns as work
from orchestration.landing.export_file import UnreadableFile
from orchestration.sources.file_settings import DELIMITED, FileSet
from orchestration.sources.shapes import Shape

_JSON_SAMPLE = 20_480  # objects at the beginning that are looked at to learn the keys of JSON files
_JSON_PLACES = 1_000  # and lines all through them, because a new key may come late
_BATCH_LINES = 20_000
_BATCH_BYTES = 16_000_000
# Reading a second time what follows a quote that never closes may cost this much at most.
_MAX_REREAD_RATIO = 2
_MIN_REREAD = 4_000_000

_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n])"?[^\S\n]*(\n|$)', re.IGNORECASE)
_LONGEST_SEPARATOR_LINE = 32

_PLACE = re.compile(r"(at byte \d+ )?in (line|record/value) \d+")
# A message that quotes bytes of the file cannot always be decoded, and so not be raised.
ENGINE_ERRORS = (duckdb.Error, UnicodeDecodeError)
# Among these, what says nothing about the file.
OWN_ERRORS = (duckdb.OutOfMemoryException, duckdb.InterruptException)
# Times as most files write them. DuckDB reads these exactly, and as fast as it reads text; without a format
# it would take `10:00 PM` for 10:00.
_USUAL_TIMES = {
    "%Y-%m-%d %H:%M:%S": r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}",
    "%Y-%m-%dT%H:%M:%S": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}",
}
_SAMPLED_ROWS = 2_048
# It reads words such as `epoch` as the first moment of 1900, and two digits as a year before that.
_FIRST_TIME = "TIMESTAMP '1900-01-02 00:00:00'"
_DOUBTFUL = "a time in doubt"
_ABOUT_KINDS = ("JSON transform error", "Error when converting column", _DOUBTFUL)
_ABOUT_MAPPINGS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


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
_AROUND_NAMES = " \t\r\n\v\f\u00a0\u200b\ufeff"
"""What may stand around the name of a column and is no part of it."""
Recast = Callable[[str], tuple[str, str]]
"""Makes of the text of a record the one that is read, or the reason why it cannot."""


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
        checked = ", ".join(
            f"CASE WHEN {c} < {_FIRST_TIME} THEN error({sql.text(_DOUBTFUL)}) ELSE {c} END AS {c}"
            for c in times
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
            raise UnreadableFile(_damaged(error)) from error
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
        raise UnreadableFile(_damaged(error)) from error
    if not names and layout == "array" and _is_empty_array(connection, first):
        names = list(needed)
    return _shaped(replace(relation, keys=tuple(keys)), names, shapes)


def _typed(
    paths: tuple[Path, ...], origins: tuple[Origin, ...], options: FileSet, types: dict[str, str]
) -> FileRelation:
    """A Parquet relation; the engine itself makes a name for a second column that is called the same."""
    try:
        written = parquet.read_schema(paths[0]).names
    except (pa.ArrowException, OSError, ValueError):
        written = []  # damage of what Arrow notes beside the schema does not keep the engine from reading
    names, same_name = _distinct_names(written)
    if len(names) != len(types):
        return FileRelation(paths, origins, options, types)
    renamed = {own: name for own, name in zip(types, names, strict=True) if own != name}
    kept = dict(zip(names, types.values(), strict=True))
    return FileRelation(paths, origins, options, kept, renamed=renamed, same_name=same_name)


def _one_spelling(keys: Iterable[str]) -> list[str]:
    return list({sql.folded(key): key for key in keys}.values())


def _shaped(relation: FileRelation, names: Iterable[str], shapes: Mapping[str, Shape]) -> FileRelation:
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


def is_about_kinds(error: Exception) -> bool:
    """Whether a file failed only because a value is of another kind than those that were looked at.

    In JSON an object, a list or a plain value takes the place of another; in a delimited file, text that of
    a time.
    """
    return isinstance(error, duckdb.Error) and any(said in str(error) for said in _ABOUT_KINDS)


def first_line(error: Exception) -> str:
    """What an engine's error says of a file, without the values that its message may hold."""
    if isinstance(error, _ABOUT_MAPPINGS):
        return f"the mapping does not fit: {str(error).splitlines()[0][:200]}"
    return _damaged(error)


def _damaged(error: Exception) -> str:
    place = _PLACE.search(str(error))
    return f"damaged, or not of the declared format{f' ({place[0]})' if place else ''}; deliver it again"


def separator_of(path: Path) -> str:
    """The delimiter that a first line such as `sep=;` names, which Excel writes; empty without one."""
    with path.open("rb") as file:
        return separator_named(file.readline(_LONGEST_SEPARATOR_LINE).decode("utf-8-sig", errors="replace"))


def separator_named(text: str) -> str:
    """The same of a text."""
    found = _SEPARATOR_LINE.match(text[:_LONGEST_SEPARATOR_LINE])
    return found[1] if found else ""


def top_of(path: Path, options: FileSet) -> bytes:
    """Every line of a delimited file above its records: what files that are read together have in common.

    Without a line of names, they share the mark of the encoding and the end of their lines.
    """
    n_lines = options.n_top_lines + bool(options.format != "lines" and separator_of(path))
    with path.open("rb") as file:
        lines = [file.readline(text_files.MAX_LINE_BYTES) for _ in range(n_lines + 1)]
    top = b"".join(lines[:-1])
    if options.has_header_line:
        return top
    first = lines[0]
    return top + repr((first.startswith(codecs.BOM_UTF8), first[len(first.rstrip(b"\r\n")) :])).encode()


def _with_header(paths: tuple[Path, ...], origins: tuple[Origin, ...], options: FileSet) -> FileRelation:
    separator = separator_of(paths[0]) if options.format != "lines" else ""
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
    names, same_name = _distinct_names(joined_names(records))
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


def joined_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name for each column out of several header rows: `Call` above `Start` is `Call Start`.

    A cell of an upper row spans the empty ones to its right, as far as the row below has names.
    """
    *upper, lowest = ([cell.strip(_AROUND_NAMES) for cell in row] for row in rows)
    if not upper:
        return list(rows[0])
    width = max(len(lowest), *map(len, upper))
    parts: list[list[str]] = [[] for _ in range(width)]
    for row in upper:
        spanning = ""
        for i in range(width):
            cell = row[i] if i < len(row) else ""
            spanning = cell or spanning
            below = lowest[i] if i < len(lowest) else ""
            if (cell or below) and spanning not in parts[i]:
                parts[i].append(spanning)
    for i, cell in enumerate(lowest):
        if cell and cell not in parts[i]:
            parts[i].append(cell)
    return [" ".join(filter(None, part)) for part in parts]


def _distinct_names(written: Sequence[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """A name of its own for each column, without blanks around it; and the further ones of the same name."""
    names: dict[str, str] = {}
    same_name: dict[str, tuple[str, ...]] = {}
    for i, one in enumerate(written):
        called = one.strip(_AROUND_NAMES)
        name = called or f"column{i}"
        while sql.folded(name) in names:
            name += "_"
        if called and sql.folded(name) != sql.folded(called):
            same_name[sql.folded(called)] = (*same_name.get(sql.folded(called), ()), name)
        names[sql.folded(name)] = name
    return list(names.values()), same_name


# ---------------------------------------------------------------- careful reading


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
    return _shaped(careful, types.values(), shapes)


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
