"""Source files: one YAML says what an export is and which entity its columns feed.

Reading one checks everything that can be known without the export itself; every complaint names
the file, the line, the reason and the way out.
"""

import codecs
import difflib
import hashlib
import json
import re
from collections.abc import Hashable, Iterator, Sequence
from collections.abc import Mapping as Mapping_
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields, replace
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import phonenumbers
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orchestration.base import code, engine, sql
from orchestration.errors import ConfigurationError
from orchestration.sources import contract, shapes
from orchestration.sources.connectors import bundle

LANDING_CODE = "orchestration.landing.batches"
"""The module that turns files into raw tables; when it or what it imports changes, files land anew."""
MEMBER_SEPARATOR = "!"
"""Separates an archive from its member, in names and in globs."""
_OF_MEMBERS = re.compile(rf"^[^{MEMBER_SEPARATOR}]*(\.zip|\*){MEMBER_SEPARATOR}.", re.IGNORECASE)
DELIMITED = ("csv", "tsv", "lines")
BINARY = ("parquet", "xlsx")
CELL_DATES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d")
"""How dates of a workbook's cells are written as text: understood whatever `dates` a source file lists."""
MAPPED = "mapped"
FILE_COLUMN = "_source_file"
"""What an expression calls the name of the file that a row is from."""
EPOCH_FORMATS = ("epoch", "epoch_ms")
_CONSTANTS = ("true", "false")
_CLOCK_AND_CHANCE = ("VOLATILE", "CONSISTENT_WITHIN_QUERY")


class SourceError(ConfigurationError):
    """A source file is wrong at a line; `others` are further mistakes in it."""

    def __init__(
        self, file: Path, line: int, problem: str, remedy: str, others: Sequence["SourceError"] = ()
    ) -> None:
        more = f" And {len(others)} more: faultline sources check lists all." if others else ""
        super().__init__(f"{file}:{line}: {problem} {remedy}{more}")
        self.file, self.line, self.problem, self.remedy = file, line, problem, remedy
        self.others = tuple(others)


class _Mistakes:
    """What is wrong in a source file: one mistake does not hide the next."""

    def __init__(self) -> None:
        self._found: list[SourceError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Notes the mistake that ends the block, and goes on behind it."""
        try:
            yield
        except SourceError as error:
            self._found.append(error)

    def stop_if_any(self) -> None:
        """Raises what was noted, the first line first."""
        if self._found:
            raise _together(self._found)


def _together(found: Sequence[SourceError]) -> SourceError:
    first, *others = sorted(found, key=lambda error: error.line)
    return SourceError(first.file, first.line, first.problem, first.remedy, others)


class Mapping(BaseModel):
    """How one field is filled: a DuckDB expression over the file's columns, then a value map."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    expression: str = Field(alias="from")
    map: dict[str, str | None] = {}
    otherwise: str | None = None
    dates: list[str] = []

    @property
    def has_otherwise(self) -> bool:
        """Whether values outside the map are replaced (even by null) instead of kept."""
        return "otherwise" in self.model_fields_set


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
        _parser().execute("SELECT timezone(?::VARCHAR, TIMESTAMP '2000-01-01')", [name])
    except (ZoneInfoNotFoundError, ValueError, OSError, duckdb.Error):
        raise ValueError(f"no time zone is called {name!r}; write e.g. Europe/Berlin") from None
    return name


def glob_parts(glob: str) -> tuple[str, str]:
    """The glob of the files, and that of the members of archives; empty where it means every member."""
    outer, _, inner = glob.partition(MEMBER_SEPARATOR) if _OF_MEMBERS.search(glob) else (glob, "", "")
    return outer, inner


class FileSet(BaseModel):
    """Files of one shape and what they feed."""

    model_config = ConfigDict(extra="forbid")

    glob: str
    format: Literal["csv", "tsv", "lines", "jsonl", "json", "parquet", "xlsx"] = "csv"
    delimiter: str = ""
    quote: str = '"'
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    list_separator: str = "|"
    header: list[str] = []
    skip: int = Field(0, ge=0, le=1_000)
    header_rows: int = Field(1, ge=1, le=3)
    sheet: str = ""
    nulls: list[str] = [""]
    dates: list[str] = []
    time_zone: str = ""
    delivered: str = ""
    known: list[str] = []
    keep_new: bool = True
    records: str = ""
    append: bool | None = None
    feeds: dict[str, dict[str, Any]]

    @property
    def has_header_line(self) -> bool:
        """Whether the first line of a file, or row of a sheet, names its columns."""
        return self.format in ("csv", "tsv", "xlsx") and not self.header

    @property
    def n_top_lines(self) -> int:
        """Lines above the first record; a `sep=` line comes on top of them."""
        return self.skip + (self.header_rows if self.has_header_line else 0)

    @property
    def appends(self) -> bool:
        """Whether content that landed once stays, whatever becomes of its file; logs are like that."""
        return self.format == "lines" if self.append is None else self.append

    @property
    def is_binary(self) -> bool:
        """Whether a file is no text, so that it has no encoding."""
        return self.format in BINARY

    @property
    def is_workbook(self) -> bool:
        """Whether rows are those of a sheet, to be written as CSV before they are read."""
        return self.format == "xlsx"

    def formats_of(self, dates: list[str]) -> list[str]:
        """Date formats of a field: its own or those of the file set, and those of cells beside them."""
        listed = dates or self.dates
        return [*listed, *CELL_DATES] if listed and self.is_workbook else listed

    @property
    def is_json(self) -> bool:
        """Whether records are objects, which leave out what is empty."""
        return self.format in ("json", "jsonl")

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str) -> str:
        try:
            "".encode(value)  # refuses what is a codec, but not of text
            return codecs.lookup(value).name
        except (LookupError, ValueError):
            raise ValueError(f"no encoding is called {value!r}") from None

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) > 1 or value in ("\n", "\r"):
            raise ValueError(f"must be one character, not {value!r}")
        return value

    @field_validator("quote")
    @classmethod
    def _quote_is_plain(cls, value: str) -> str:
        if not value.isascii():
            raise ValueError(f"must be an ASCII character, not {value!r}")
        return value

    @field_validator("list_separator")
    @classmethod
    def _separates(cls, value: str) -> str:
        if not value:
            raise ValueError("must be a character or more")
        return value

    @field_validator("header")
    @classmethod
    def _columns_have_names(cls, value: list[str]) -> list[str]:
        if any(not name.strip() for name in value) or len({sql.folded(name) for name in value}) < len(value):
            raise ValueError("each column needs a name of its own")
        return value

    @field_validator("glob")
    @classmethod
    def _glob_can_be_searched(cls, value: str) -> str:
        outer, inner = glob_parts(value)
        for parts in (PurePosixPath(outer).parts, *([PurePosixPath(inner).parts] if inner else [])):
            if not parts or parts[0] == "/" or ".." in parts:
                raise ValueError("must stay below the exports folder")
            if any("**" in part and part != "**" for part in parts):
                raise ValueError("** stands for whole folders, as in **/*.csv")
        return value

    @field_validator("records")
    @classmethod
    def _place_has_steps(cls, value: str) -> str:
        if value and not all(step.strip() for step in value.split(".")):
            raise ValueError(f"{value!r} is no place of records; write e.g. tickets, or data.tickets")
        return value

    @field_validator("delivered")
    @classmethod
    def _pattern_compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(
                f"{value!r} is no pattern ({error}); write e.g. '(\\d{{4}}-\\d{{2}}-\\d{{2}})'"
            ) from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        return value and _known_zone(value)

    @model_validator(mode="after")
    def _options_fit_the_format(self) -> "FileSet":
        if self.format not in ("csv", "tsv") and self.delimiter:
            raise ValueError(f"a delimiter means nothing for {self.format}")
        if self.records and not self.is_json:
            raise ValueError(f"records means nothing for {self.format}; set format: json")
        if self.format != "xlsx" and self.sheet:
            raise ValueError(f"a sheet means nothing for {self.format}; set format: xlsx")
        if self.format not in ("csv", "tsv", "xlsx") and self.header:
            raise ValueError(f"a header means nothing for {self.format}")
        if self.format not in ("csv", "tsv", "xlsx") and (self.skip or self.header_rows > 1):
            raise ValueError(f"skip and header_rows mean nothing for {self.format}")
        if self.header and self.header_rows > 1:
            raise ValueError("header lists the names; leave such lines out with skip, not header_rows")
        if self.format == "lines":  # one column: a separator that no text holds, and no quotes
            self.delimiter, self.quote, self.header = "\x1f", "", ["line"]
        self.delimiter = self.delimiter or ("\t" if self.format == "tsv" else ",")
        if self.delimiter == self.quote:
            raise ValueError(f"delimiter and quote are both {self.quote!r}")
        return self


class SourceDocument(BaseModel):
    """The whole YAML file."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    centre: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,62})?$")
    connector: str = MAPPED
    time_zone: str
    phone_region: str = ""
    derive_escalations: Literal["", "tier"] = ""
    files: dict[str, FileSet] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        return _known_zone(value)

    @field_validator("phone_region")
    @classmethod
    def _region_is_known(cls, value: str) -> str:
        if value and value not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"no phone region is called {value!r}; write e.g. DE or US")
        return value


@dataclass(frozen=True)
class Feed:
    """One raw table fed by one file set; `where` is empty when every row counts.

    `keep` is what the source file says of rows that share a key, empty where the contract decides. `reads`
    holds for each field (and for `where` and `rows`) the places of a record that its expression reads.
    """

    table: contract.Table
    where: str
    mappings: dict[str, Mapping] = field(hash=False)
    lines: dict[str, int] = field(hash=False)
    reads: dict[str, tuple[shapes.Path, ...]] = field(hash=False)
    keep: str = ""

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """Columns of the file that each field reads."""
        return {name: tuple(dict.fromkeys(path[0] for path in read)) for name, read in self.reads.items()}

    def referenced(self) -> set[str]:
        """File columns that any field or the filter of this feed reads, lower case."""
        return {column.lower() for columns in self.columns.values() for column in columns}

    def is_optional(self, name: str) -> bool:
        """Whether files may well lack what the field reads."""
        return name in self.table.columns and self.table.columns[name].is_optional


@dataclass(frozen=True)
class Source:
    """A checked source file; `feeds` are those of each file set, by its name in the YAML."""

    path: Path
    document: SourceDocument
    feeds: dict[str, list[Feed]] = field(hash=False)

    @property
    def instance(self) -> str:
        """The value of `source_instance` in every row."""
        return self.document.source

    @property
    def centre(self) -> str:
        """Sources of one centre are read together; a source alone is its own centre."""
        return self.document.centre or self.document.source

    def shapes(self, file_set: str) -> dict[str, shapes.Shape]:
        """Nested columns of a file set, as far as any feed reads into them."""
        reads = (path for feed in self.feeds[file_set] for read in feed.reads.values() for path in read)
        return shapes.of(reads)

    def zone(self, file_set: str) -> str:
        """Zone of stamps without an offset in a file set."""
        return self.document.files[file_set].time_zone or self.document.time_zone

    def fingerprint(self, file_set: str) -> str:
        """Changes when the mapping or contract of a file set or the code that lands it changes.

        Its files then land anew.
        """
        settings = self.document.files[file_set].model_dump(mode="json")
        tables = [_landed_as(feed.table) for feed in self.feeds[file_set]]
        zone, region = self.zone(file_set), self.document.phone_region
        parts = [code.digest(LANDING_CODE), self.centre, zone, region, settings, tables]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _landed_as(table: contract.Table) -> list[object]:
    """All that the contract says of a table, without what describes it to people."""
    described = ("columns", "grain")
    columns = [astuple(replace(column, note="")) for column in table.columns.values()]
    return [{f.name: getattr(table, f.name) for f in fields(table) if f.name not in described}, columns]


def found_in(folder: Path) -> list[Path]:
    """The source files of a folder, by name."""
    if not folder.is_dir():
        return []
    # Unlike `glob`, this fails where the folder may not be listed.
    return sorted(path for path in folder.iterdir() if path.suffix in (".yml", ".yaml"))


def load_folder(folder: Path) -> list[Source]:
    """All sources of a folder, by file name.

    Raises:
        ConfigurationError: no source file is there, one is wrong, or two share a name.
    """
    files = found_in(folder)
    if not files:
        raise ConfigurationError(
            f"{folder} holds no source file (*.yml). Point --sources to your folder, write one with: "
            "faultline sources new FILE, or make the demo with: make demo"
        )
    sources: dict[str, Source] = {}
    for file in files:
        source = load(file)
        if source.instance in sources:
            other = sources[source.instance].path.name
            raise SourceError(
                file, 1, f"source {source.instance!r} is also the name of {other}.", "Rename one."
            )
        sources[source.instance] = source
    return list(sources.values())


def load(file: Path) -> Source:
    """Reads and checks one source file.

    Raises:
        SourceError: with the line of the YAML at fault.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=_TextLoader)
        raw = yaml.load(text, Loader=_TextLoader)  # noqa: S506 - it is a SafeLoader
    except OSError as error:
        raise SourceError(file, 1, f"cannot be read ({error.strerror}).", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise SourceError(file, 1, f"not UTF-8 ({error.reason}).", "Save the file as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SourceError(
            file, line, f"not valid YAML: {error.problem}.", "Check the indentation and quotes."
        ) from error
    except yaml.YAMLError as error:
        problem = str(error).splitlines()[0]
        raise SourceError(file, 1, f"not valid YAML: {problem}.", "Remove control characters.") from error
    if not isinstance(root, yaml.MappingNode):
        raise SourceError(
            file, 1, "the file holds no settings.", "Start one with: faultline sources new FILE"
        )
    lines = _lines_of(file, root)
    connector = None
    if raw.get("connector", MAPPED) != MAPPED:
        connector = _connector(file, lines, raw["connector"])
        raw = _completed(file, lines, raw, connector)
    document = _document(file, raw, lines)
    entities: Mapping_[str, contract.Table] = contract.entities()
    mistakes = _Mistakes()
    feeds: dict[str, list[Feed]] = {}
    for name, files in document.files.items():
        tables = connector.tables_of(name) if connector else entities
        feeds[name] = []
        for table, body in files.feeds.items():
            with mistakes.noted():
                at = ("files", name, "feeds", table)
                feeds[name].append(_feed(file, lines, at, tables, body, mistakes=mistakes))
        with mistakes.noted():
            _check_dates(file, lines, ("files", name, "dates"), files.dates)
    with mistakes.noted():
        _check_agreement(file, lines, feeds)
    mistakes.stop_if_any()
    return Source(file, document, feeds)


def _connector(file: Path, lines: "_Lines", name: object) -> bundle.Connector:
    known = bundle.names()
    if name not in known:
        raise SourceError(
            file,
            lines.of(("connector",)),
            f"no connector is called {name!r}.",
            _suggest(str(name), [MAPPED, *known]),
        )
    return bundle.load(str(name))


def _completed(file: Path, lines: "_Lines", raw: Any, connector: bundle.Connector) -> Any:
    """The document completed from the connector; settings of the file itself win."""
    files = raw.get("files")
    if not isinstance(files, dict):
        return raw
    completed = {}
    for name, given in files.items():
        if name not in connector.file_sets:
            raise SourceError(
                file,
                lines.of(("files", name)),
                f"{connector.title} exports nothing called {name!r}.",
                _suggest(name, list(connector.file_sets)),
            )
        known = connector.file_sets[name]
        own = given if isinstance(given, dict) else {}
        feeds = dict(known["feeds"])
        for table, mapping in (own.get("feeds") or {}).items():
            if table not in feeds:
                raise SourceError(
                    file,
                    lines.of(("files", name, "feeds", table)),
                    f"{name} feeds no table called {table!r}.",
                    _suggest(table, list(feeds)),
                )
            feeds[table] = {**feeds[table], **mapping}
        completed[name] = {**known, **_format_of(known, own), **own, "feeds": feeds}
    return {**raw, "files": completed}


def _format_of(known: Mapping_[str, Any], own: Mapping_[str, Any]) -> dict[str, str]:
    """The format by the ending of the files, where a vendor's tables come as JSON and not as CSV."""
    ending = re.search(r"\.(json|jsonl|ndjson)(\.gz)?$", str(own.get("glob", "")).lower())
    if ending is None or known.get("format", "csv") not in ("csv", "tsv"):
        return {}
    return {"format": "json" if ending[1] == "json" else "jsonl"}


class _TextLoader(yaml.SafeLoader):
    """Reads every plain value as text, except null.

    YAML would turn the key `No` of a value map into false and 007 into 7, which no export contains.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the shape that yaml asks for
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _lines_of(file: Path, root: yaml.MappingNode) -> "_Lines":
    try:
        return _Lines(file, root)
    except RecursionError as error:
        raise SourceError(
            file, 1, "an alias (`*name`) stands for something that it is part of.", "Write it out."
        ) from error


class _Lines:
    """Line of every key of a YAML document; refuses keys written twice."""

    def __init__(self, file: Path, root: yaml.MappingNode) -> None:
        self._file = file
        self._lines: dict[tuple[Hashable, ...], int] = {(): 1}
        self._walk(root, ())

    def _walk(self, node: yaml.Node, path: tuple[Hashable, ...]) -> None:
        if isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                self._lines[(*path, i)] = item.start_mark.line + 1
                self._walk(item, (*path, i))
        if not isinstance(node, yaml.MappingNode):
            return
        for key, value in node.value:
            here = (*path, key.value)
            line = key.start_mark.line + 1
            if here in self._lines:
                raise SourceError(self._file, line, f"{key.value!r} is written twice.", "Keep one of them.")
            self._lines[here] = line
            self._walk(value, here)

    def of(self, path: tuple[Hashable, ...]) -> int:
        """Line of the key, or of its nearest parent."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def _document(file: Path, raw: Any, lines: _Lines) -> SourceDocument:
    try:
        return SourceDocument.model_validate(raw)
    except ValidationError as error:
        # A misspelt setting explains the missing one.
        misspelt = [one for one in error.errors() if one["type"] == "extra_forbidden"]
        shown = misspelt or error.errors()
        raise _together([_from_validation(file, lines, (), one, SourceDocument) for one in shown]) from error


def _from_validation(
    file: Path, lines: _Lines, base: tuple[Hashable, ...], first: Any, model: type[BaseModel]
) -> SourceError:
    where = tuple(str(part) if not isinstance(part, int) else part for part in first["loc"])
    name = str(where[-1]) if where else ""
    line = lines.of((*base, *where))
    if first["type"] == "extra_forbidden":
        owner = FileSet if where[0] == "files" and where[1:-1] else model
        known = [f.alias or n for n, f in owner.model_fields.items()]
        return SourceError(file, line, f"unknown setting {name!r}.", _suggest(name, known))
    if first["type"] == "missing":
        return SourceError(file, line, f"the setting {name!r} is missing.", "Add it.")
    message = first["msg"].removeprefix("Value error, ")
    return SourceError(file, line, f"{name}: {message}.", "Correct the value.")


def _suggest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(sorted(known))}."


def _feed(
    file: Path,
    lines: _Lines,
    at: tuple[Hashable, ...],
    tables: Mapping_[str, contract.Table],
    body: dict[str, Any],
    *,
    mistakes: _Mistakes,
) -> Feed:
    name = str(at[-1])
    if name not in tables:
        raise SourceError(file, lines.of(at), f"unknown entity {name!r}.", _suggest(name, list(tables)))
    table = tables[name]
    fields = dict(body)
    where = _column_or_expression(str(fields.pop("where", "")), is_constant=True)
    keep = str(fields.pop("keep", ""))
    if keep:
        with mistakes.noted():
            _check_keep(file, lines.of((*at, "keep")), table, keep)
    mappings: dict[str, Mapping] = {}
    reads: dict[str, tuple[shapes.Path, ...]] = {}
    lists = _lists(file, lines.of(at), table)
    for field_name, value in fields.items():
        here = (*at, field_name)
        with mistakes.noted():
            mapping = _mapping(file, lines, here, table, value)
            reads[field_name] = _referenced(file, lines.of(here), field_name, mapping.expression, lists)
            mappings[field_name] = mapping
    if where:
        with mistakes.noted():
            reads["where"] = _referenced(file, lines.of((*at, "where")), "where", where, lists)
    missing = [one for one in table.required if one not in fields]
    # A misspelt field explains the missing one.
    if missing and table.columns.keys() >= fields.keys():
        raise SourceError(
            file,
            lines.of(at),
            f"{name} needs {', '.join(missing)}.",
            "Say which column or expression fills it.",
        )
    places = {one: lines.of((*at, one)) for one in reads}
    if lists:
        reads["rows"] = tuple((*path, shapes.ITEM) for path in lists.values())
    return Feed(table, where, mappings, places, reads, keep)


def _check_keep(file: Path, line: int, table: contract.Table, keep: str) -> None:
    if keep not in (contract.FIRST, contract.LAST):
        raise SourceError(file, line, f"keep: {keep!r} is neither first nor last.", "Write one of them.")
    if table.schema != contract.MAPPED_SCHEMA or not table.event_at or table.event_at in table.key:
        raise SourceError(
            file,
            line,
            f"{table.name}: keep has no effect here.",
            "Remove it: no two rows differ in time alone.",
        )


def _check_agreement(file: Path, lines: "_Lines", feeds: dict[str, list[Feed]]) -> None:
    """One source keeps the first or the last row of an entity's key, whatever file set it is from."""
    said: dict[str, str] = {}
    for name, fed in feeds.items():
        for feed in fed:
            keep = said.setdefault(feed.table.name, feed.keep)
            if keep != feed.keep:
                line = lines.of(("files", name, "feeds", feed.table.name, "keep"))
                problem = f"{feed.table.name}: the file sets disagree on keep."
                raise SourceError(file, line, problem, "Write the same keep in each.")


def _mapping(
    file: Path, lines: _Lines, at: tuple[Hashable, ...], table: contract.Table, value: Any
) -> Mapping:
    name, line = str(at[-1]), lines.of(at)
    if name not in table.columns:
        problem = f"{table.name} has no field {name!r}."
        raise SourceError(file, line, problem, _suggest(name, list(table.columns)))
    is_constant = table.columns[name].type == "bool"
    if isinstance(value, str):
        return Mapping(expression=_column_or_expression(value, is_constant=is_constant))
    if not isinstance(value, dict):
        raise SourceError(
            file,
            line,
            f"{name}: {value!r} is neither a column nor an expression.",
            "Write a column name, or a constant in quotes within quotes: \"'text'\".",
        )
    try:
        mapping = Mapping.model_validate(value)
    except ValidationError as error:
        raise _from_validation(file, lines, at, error.errors()[0], Mapping) from error
    _check_dates(file, lines, (*at, "dates"), mapping.dates)
    expression = _column_or_expression(mapping.expression, is_constant=is_constant)
    return mapping.model_copy(update={"expression": expression})


def _column_or_expression(written: str, *, is_constant: bool) -> str:
    """What fills a field, with quotes around a column that is called like an SQL word, such as `end`.

    `null` is a constant, and so are `true` and `false` where the field is yes or no.
    """
    word = written.strip()
    constants = ("null", *_CONSTANTS) if is_constant else ("null",)
    if not re.fullmatch(r"[^\W\d]\w*", word) or word.lower() in constants:
        return written
    parsed = _parsed(word)
    selected = [] if parsed.get("error") else parsed["statements"][0]["node"].get("select_list", [])
    is_column = len(selected) == 1 and selected[0].get("column_names") == [word]
    return written if is_column else sql.name(word)


def _lists(file: Path, line: int, table: contract.Table) -> dict[str, shapes.Path]:
    """The place of each list that a table's rows are taken from, by the name of its items."""
    lists: dict[str, shapes.Path] = {}
    for alias, expression in table.rows.items():
        (lists[alias],) = _referenced(file, line, f"rows.{alias}", expression, lists)
    return lists


def _resolved(path: shapes.Path, lists: Mapping_[str, shapes.Path]) -> shapes.Path | None:
    """Where in the record a path leads that may start at an item of a list; None for no place at all."""
    head, *rest = path
    if head == FILE_COLUMN or (head.removesuffix("_no") in lists and head not in lists):
        return None
    return (*lists[head], shapes.ITEM, *rest) if head in lists else path


_FORBIDDEN_NODES = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "PARAMETER": "a parameter",
}


def _referenced(
    file: Path, line: int, name: str, expression: str, lists: Mapping_[str, shapes.Path]
) -> tuple[shapes.Path, ...]:
    """Places of a record that an expression reads; refuses what is not one scalar expression."""
    found: list[shapes.Path] = []

    def walk(node: Any, bound: Mapping_[str, shapes.Path | None] = MappingProxyType({})) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item, bound)
        if not isinstance(node, dict):
            return
        kind, function = node.get("class", ""), str(node.get("function_name", "")).lower()
        if problem := _unfit(kind, function):
            raise SourceError(file, line, f"{name}: {problem}.", "Use columns of this row only.")
        if function.startswith(("list_", "array_")) or function in ("filter", "apply", "reduce"):
            bound = {**bound, **_lambda_parameters(node, bound)}
        if kind == "COLUMN_REF":
            path = _bound(tuple(node["column_names"]), bound)
            place = path and _resolved(path, lists)
            found.extend([place] if place else [])
        for value in node.values():
            walk(value, bound)

    parsed = _parsed(expression)
    if parsed.get("error"):
        reason = str(parsed.get("error_message", "")).splitlines()[0]
        raise SourceError(
            file,
            line,
            f"{name}: cannot read the expression {expression!r} ({reason}).",
            "A column with blanks, or one that is called like an SQL word, is written '\"like this\"'.",
        )
    statements = parsed["statements"]
    selected = statements[0]["node"].get("select_list", []) if len(statements) == 1 else []
    is_row = len(selected) == 1 and selected[0].get("function_name") == "row"
    if len(selected) != 1 or is_row or statements[0]["node"].get("from_table", {}).get("type") != "EMPTY":
        raise SourceError(file, line, f"{name}: {expression!r} is not one expression.", "Use one expression.")
    walk(selected)
    return tuple(dict.fromkeys(found))


def _unfit(kind: str, function: str) -> str:
    """Why a piece of an expression cannot fill a field; empty if it can."""
    if kind == "FUNCTION" and function in _unfit_functions():
        return f"{function} {_unfit_functions()[function]}"
    return f"{_FORBIDDEN_NODES[kind]} cannot fill a field" if kind in _FORBIDDEN_NODES else ""


@cache
def _parsed(expression: str) -> Mapping_[str, Any]:
    """The engine's own reading of an expression; each is parsed once, for files repeat a few expressions."""
    query = "SELECT json_serialize_sql(?::VARCHAR)"
    with _parser() as parser:
        found = parser.execute(query, [f"SELECT ({expression}\n)"]).fetchall()[0][0]
    return dict(json.loads(found))


_PARSER = engine.connect()


def _parser() -> duckdb.DuckDBPyConnection:
    """A connection for one query: batches side by side may ask at the same time."""
    return _PARSER.cursor()


_SAFE_NODES = ("COLUMN_REF", "CASE", "CONJUNCTION", "COMPARISON")
_SAFE_OPERATORS = (
    "OPERATOR_COALESCE",
    "OPERATOR_IS_NULL",
    "OPERATOR_IS_NOT_NULL",
    "OPERATOR_NOT",
    "STRUCT_EXTRACT",
)
_TAKE_NUMBERS = ("split_part", "left", "right")
_SAFE_FUNCTIONS = (*_TAKE_NUMBERS, "upper", "lower", "trim", "replace", "nullif", "||", "contains")


@cache
def cannot_fail(expression: str) -> bool:
    """Whether an expression over text is made of nothing that could fail on a value."""
    return _is_safe(_parsed(expression)["statements"][0]["node"]["select_list"])


@cache
def is_choice(expression: str) -> bool:
    """Whether an expression takes the first of several columns that is filled."""
    node = _parsed(expression)["statements"][0]["node"]["select_list"][0]
    columns = node.get("children", []) if node["type"] == "OPERATOR_COALESCE" else []
    return bool(columns) and all(column["class"] == "COLUMN_REF" for column in columns)


def _is_safe(tree: Any, *, takes_numbers: bool = False) -> bool:
    if isinstance(tree, list):
        return all(_is_safe(item, takes_numbers=takes_numbers) for item in tree)
    if not isinstance(tree, dict):
        return True
    kind, function = tree.get("class"), tree.get("function_name", "")
    if kind == "CONSTANT":  # next to a number, text would be turned into one
        return takes_numbers or tree["literal"]["kind"] in ("STRING", "NULL", "BOOLEAN")
    is_safe = (
        kind in (None, *_SAFE_NODES)
        or (kind == "OPERATOR" and tree["type"] in _SAFE_OPERATORS)
        or (kind == "FUNCTION" and function in _SAFE_FUNCTIONS)
    )
    within = function in _TAKE_NUMBERS if kind else takes_numbers
    return is_safe and all(_is_safe(value, takes_numbers=within) for value in tree.values())


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of an expression."""
    for item in tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ():
        yield from _nodes(item)
    if isinstance(tree, dict) and "class" in tree:
        yield tree


@cache
def _unfit_functions() -> dict[str, str]:
    """Functions that no field can be filled with, and why: one row in, one value out, always the same."""
    found = _parser().execute(
        "SELECT function_name, bool_or(function_type = 'scalar'), bool_or(stability IN ?) "
        "FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'table') GROUP BY ALL",
        [list(_CLOCK_AND_CHANCE)],
    )
    return {
        name: "would give another value in the next run"
        if is_scalar
        else "does not give one value for each row"
        for name, is_scalar, changes in found.fetchall()
        if changes or not is_scalar
    }


def _bound(path: shapes.Path, bound: Mapping_[str, shapes.Path | None]) -> shapes.Path | None:
    """The path with a lambda's parameter resolved to its items, where they are known."""
    if path[0] not in bound:
        return path
    items = bound[path[0]]
    return items and (*items, *path[1:])


def _lambda_parameters(
    function: dict[str, Any], bound: Mapping_[str, shapes.Path | None]
) -> dict[str, shapes.Path | None]:
    """What a function's lambda binds: the items of the list it goes over, where that is a plain place.

    JSON's `column->'$.key'` looks the same as a lambda but for its constant.
    """
    arguments = [argument["expression"] for argument in function["arguments"]]
    lambdas = [a for a in arguments if a["class"] == "LAMBDA" and a["expr"]["class"] != "CONSTANT"]
    heads = [head for a in lambdas for head in a["lhs"].get("arguments", [{"expression": a["lhs"]}])]
    names = [h["expression"]["column_names"][0] for h in heads]
    parameters: dict[str, shapes.Path | None] = dict.fromkeys(names)
    over = arguments[0] if arguments else {}
    if names and over.get("class") == "COLUMN_REF":
        path = _bound(tuple(over["column_names"]), bound)
        # Only where a field of the item is asked for is it an object; a list of texts stays one value.
        if path and any(len(p) > 1 and p[0] == names[0] for one in lambdas for p in _paths(one["expr"])):
            parameters[names[0]] = (*path, shapes.ITEM)
    return parameters


def _paths(tree: Any) -> list[shapes.Path]:
    """Every column reference below a node."""
    return [tuple(node["column_names"]) for node in _nodes(tree) if node["class"] == "COLUMN_REF"]


def _check_dates(file: Path, lines: _Lines, at: tuple[Hashable, ...], formats: list[str]) -> None:
    for i, one in enumerate(formats):
        _check_date_format(file, lines.of((*at, i)), one)
    if len(set(formats) & set(EPOCH_FORMATS)) > 1:
        raise SourceError(file, lines.of(at), "a number cannot be both epoch and epoch_ms.", "Keep one.")
    orders = {_day_month_order(one) for one in formats} - {""}
    if len(orders) > 1:
        raise SourceError(
            file,
            lines.of(at),
            "the date formats disagree on whether the day or the month comes first.",
            "Keep one order: 03/04 would otherwise be a guess.",
        )


def _check_date_format(file: Path, line: int, one: str) -> None:
    if one in EPOCH_FORMATS:
        return
    remedy = "Write it with strptime codes, e.g. '%d.%m.%Y %H:%M', or epoch, epoch_ms."
    try:
        _parser().execute("SELECT try_strptime('', ?::VARCHAR)", [one])
    except duckdb.Error as error:
        raise SourceError(file, line, f"{one!r} is no date format.", remedy) from error
    if not re.search("%-?[yYcx]", one):
        raise SourceError(file, line, f"{one!r} is no date format: it has no year.", remedy)
    if one.endswith("Z") and not one.endswith("%Z"):
        problem = f"{one!r} would take the Z, which means UTC, for a letter."
        raise SourceError(file, line, problem, "Write %z in its place.")


def _day_month_order(date_format: str) -> str:
    codes = re.findall(r"%-?([dmY])", date_format)
    if "d" not in codes or "m" not in codes or codes[0] == "Y":
        return ""
    return "day" if codes.index("d") < codes.index("m") else "month"
