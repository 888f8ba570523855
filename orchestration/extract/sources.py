"""Source files: one YAML says what an export is and which entity its columns feed.

Reading one checks everything that can be known without the export itself; every complaint names
the file, the line, the reason and the way out.
"""

import codecs
import difflib
import hashlib
import json
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import phonenumbers
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orchestration.errors import ConfigurationError
from orchestration.extract import contract

# Raised when landing writes the same input differently: everything is then landed anew.
LANDING_VERSION = 1
EPOCH_FORMATS = ("epoch", "epoch_ms")
Scalar = str | int | float | bool | None


class SourceError(ConfigurationError):
    """A source file is wrong at a line."""

    def __init__(self, file: Path, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{file}:{line}: {problem} {remedy}")
        self.file, self.line, self.problem, self.remedy = file, line, problem, remedy


class Mapping(BaseModel):
    """How one field is filled: a DuckDB expression over the file's columns, then a value map."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    expression: str = Field(alias="from")
    map: dict[str, Scalar] = {}
    otherwise: Scalar = None
    dates: list[str] = []

    @field_validator("map", mode="before")
    @classmethod
    def _keys_are_text(cls, value: dict[object, Scalar]) -> dict[str, Scalar]:
        return {("true" if k is True else "false" if k is False else str(k)): v for k, v in value.items()}

    @property
    def has_otherwise(self) -> bool:
        """Whether values outside the map are replaced (even by null) instead of kept."""
        return "otherwise" in self.model_fields_set


class FileSet(BaseModel):
    """Files of one shape and what they feed."""

    model_config = ConfigDict(extra="forbid")

    glob: str
    format: Literal["csv", "tsv", "jsonl", "json", "parquet"] = "csv"
    delimiter: str = ""
    quote: str = '"'
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    list_separator: str = "|"
    nulls: list[str] = [""]
    dates: list[str] = []
    time_zone: str = ""
    delivered: str = ""
    feeds: dict[str, dict[str, Any]]

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"no encoding is called {value!r}") from None

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) > 1:
            raise ValueError(f"must be one character, not {value!r}")
        return value

    @model_validator(mode="after")
    def _options_fit_the_format(self) -> "FileSet":
        if self.format not in ("csv", "tsv") and self.delimiter:
            raise ValueError(f"a delimiter means nothing for {self.format}")
        self.delimiter = self.delimiter or ("\t" if self.format == "tsv" else ",")
        if self.glob.startswith("/") or ".." in Path(self.glob).parts:
            raise ValueError("glob must stay below the exports folder")
        return self


class SourceDocument(BaseModel):
    """The whole YAML file."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    centre: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,62})?$")
    connector: Literal["mapped"] = "mapped"
    time_zone: str
    phone_region: str = ""
    files: dict[str, FileSet] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"no time zone is called {value!r}; write e.g. Europe/Berlin") from None
        return value

    @field_validator("phone_region")
    @classmethod
    def _region_is_known(cls, value: str) -> str:
        if value and value not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"no phone region is called {value!r}; write e.g. DE or US")
        return value


@dataclass(frozen=True)
class Feed:
    """One entity fed by one file set; `where` is empty when every row counts."""

    entity: contract.Entity
    where: str
    mappings: dict[str, Mapping] = field(hash=False)
    lines: dict[str, int] = field(hash=False)
    columns: dict[str, tuple[str, ...]] = field(hash=False)  # field -> file columns it reads

    def referenced(self) -> set[str]:
        """File columns that any field or the filter of this feed reads, lower case."""
        return {column.lower() for columns in self.columns.values() for column in columns}


@dataclass(frozen=True)
class Source:
    """A checked source file. `file_sets` maps the name in the YAML to its settings and feeds."""

    path: Path
    document: SourceDocument
    feeds: dict[str, list[Feed]] = field(hash=False)

    @property
    def instance(self) -> str:
        """Name that stands in `source_instance`."""
        return self.document.source

    @property
    def centre(self) -> str:
        """Sources of one centre are read together; a source alone is its own centre."""
        return self.document.centre or self.document.source

    def zone(self, file_set: str) -> str:
        """Zone of stamps without an offset in a file set."""
        return self.document.files[file_set].time_zone or self.document.time_zone

    def fingerprint(self, file_set: str) -> str:
        """Changes when the mapping of a file set changes, so that its files are landed anew."""
        settings = self.document.files[file_set].model_dump(mode="json")
        parts = [LANDING_VERSION, self.centre, self.zone(file_set), self.document.phone_region, settings]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def load_folder(folder: Path) -> list[Source]:
    """All sources of a folder, by file name.

    Raises:
        ConfigurationError: no source file is there, one is wrong, or two share a name.
    """
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]) if folder.is_dir() else []
    if not files:
        raise ConfigurationError(
            f"{folder} holds no source file (*.yml). Point --sources to your folder, or write one "
            "with: faultline sources new FILE"
        )
    sources: dict[str, Source] = {}
    for file in files:
        source = load(file)
        if source.instance in sources:
            other = sources[source.instance].path.name
            raise SourceError(file, 1, f"source {source.instance!r} is also the name of {other}.", "Rename one.")
        sources[source.instance] = source
    return list(sources.values())


def load(file: Path) -> Source:
    """Reads and checks one source file.

    Raises:
        SourceError: with the line of the YAML at fault.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise SourceError(file, 1, f"not UTF-8 ({error.reason}).", "Save the file as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SourceError(file, line, f"not valid YAML: {error.problem}.", "Check the indentation and quotes.") from error
    if not isinstance(root, yaml.MappingNode):
        raise SourceError(file, 1, "the file holds no settings.", "Start one with: faultline sources new FILE")
    lines = _Lines(file, root)
    document = _document(file, yaml.safe_load(text), lines)
    feeds = {
        name: [_feed(file, lines, ("files", name, "feeds", entity), entity, body) for entity, body in files.feeds.items()]
        for name, files in document.files.items()
    }
    for name, files in document.files.items():
        _check_dates(file, lines, ("files", name, "dates"), files.dates)
    return Source(file, document, feeds)


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
        first = error.errors()[0]
        raise _from_validation(file, lines, (), first, SourceDocument) from error


def _from_validation(
    file: Path, lines: _Lines, base: tuple[Hashable, ...], first: Any, model: type[BaseModel]
) -> SourceError:
    where = tuple(str(part) if not isinstance(part, int) else part for part in first["loc"])
    name = str(where[-1]) if where else ""
    line = lines.of((*base, *where))
    if first["type"] == "extra_forbidden":
        owner = FileSet if len(where) > 2 and where[0] == "files" else model
        known = [f.alias or n for n, f in owner.model_fields.items()]
        return SourceError(file, line, f"unknown setting {name!r}.", _suggest(name, known))
    if first["type"] == "missing":
        return SourceError(file, line, f"the setting {name!r} is missing.", "Add it.")
    message = first["msg"].removeprefix("Value error, ")
    return SourceError(file, line, f"{name}: {message}.", "Correct the value.")


def _suggest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(sorted(known))}."


def _feed(file: Path, lines: _Lines, at: tuple[Hashable, ...], entity_name: str, body: dict[str, Any]) -> Feed:
    entities = contract.entities()
    if entity_name not in entities:
        raise SourceError(
            file, lines.of(at), f"unknown entity {entity_name!r}.", _suggest(entity_name, list(entities))
        )
    entity = entities[entity_name]
    fields = dict(body)
    where = fields.pop("where", "")
    mappings: dict[str, Mapping] = {}
    columns: dict[str, tuple[str, ...]] = {}
    for name, value in fields.items():
        here, line = (*at, name), lines.of((*at, name))
        if name not in entity.columns:
            raise SourceError(
                file, line, f"{entity_name} has no field {name!r}.", _suggest(name, list(entity.columns))
            )
        if isinstance(value, dict):
            try:
                mappings[name] = Mapping.model_validate(value)
            except ValidationError as error:
                raise _from_validation(file, lines, here, error.errors()[0], Mapping) from error
            _check_dates(file, lines, (*here, "dates"), mappings[name].dates)
        elif isinstance(value, str):
            mappings[name] = Mapping(expression=value)  # type: ignore[call-arg]
        else:
            raise SourceError(
                file, line, f"{name}: {value!r} is neither a column nor an expression.",
                "Write a column name, or a constant in quotes within quotes: \"'text'\".",
            )
        columns[name] = _referenced(file, line, name, mappings[name].expression)
    if where:
        columns["where"] = _referenced(file, lines.of((*at, "where")), "where", str(where))
    missing = [name for name in entity.required if name not in mappings]
    if missing:
        raise SourceError(
            file, lines.of(at), f"{entity_name} needs {', '.join(missing)}.",
            "Say which column or expression fills it.",
        )
    return Feed(entity, str(where), mappings, {name: lines.of((*at, name)) for name in columns}, columns)


_FORBIDDEN_NODES = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "PARAMETER": "a parameter",
}


def _referenced(file: Path, line: int, name: str, expression: str) -> tuple[str, ...]:
    """File columns an expression reads; refuses what is not one scalar expression."""
    found: list[str] = []

    def walk(node: Any, bound: frozenset[str] = frozenset()) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item, bound)
        if not isinstance(node, dict):
            return
        kind = node.get("class", "")
        if str(node.get("function_name", "")).startswith(("list_", "array_")):
            bound |= _lambda_parameters(node)
        if kind in _FORBIDDEN_NODES:
            raise SourceError(
                file, line, f"{name}: {_FORBIDDEN_NODES[kind]} cannot fill a field.",
                "Use columns of this row only.",
            )
        if kind == "COLUMN_REF" and node["column_names"][0] not in bound:
            found.append(node["column_names"][0])
        for value in node.values():
            walk(value, bound)

    query = "SELECT json_serialize_sql(?::VARCHAR)"
    parsed = json.loads(_parser().execute(query, [f"SELECT ({expression}\n)"]).fetchall()[0][0])
    if parsed.get("error"):
        reason = str(parsed.get("error_message", "")).splitlines()[0]
        raise SourceError(
            file, line, f"{name}: cannot read the expression {expression!r} ({reason}).",
            "A column with blanks is written '\"like this\"'.",
        )
    statements = parsed["statements"]
    selected = statements[0]["node"].get("select_list", []) if len(statements) == 1 else []
    if len(selected) != 1 or statements[0]["node"].get("from_table", {}).get("type") != "EMPTY":
        raise SourceError(file, line, f"{name}: {expression!r} is not one expression.", "Use one expression.")
    walk(selected)
    return tuple(dict.fromkeys(found))


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _lambda_parameters(function: dict[str, Any]) -> frozenset[str]:
    arguments = [argument["expression"] for argument in function["arguments"]]
    heads = [a["lhs"] for a in arguments if a.get("class") == "LAMBDA"]
    return frozenset(h["column_names"][0] for h in heads if h.get("class") == "COLUMN_REF")


def _check_dates(file: Path, lines: _Lines, at: tuple[Hashable, ...], formats: list[str]) -> None:
    for i, one in enumerate(formats):
        if one not in EPOCH_FORMATS and "%" not in one:
            raise SourceError(
                file, lines.of((*at, i)), f"{one!r} is no date format.",
                "Write it with strptime codes, e.g. '%d.%m.%Y %H:%M', or epoch, epoch_ms.",
            )
    orders = {_day_month_order(one) for one in formats} - {""}
    if len(orders) > 1:
        raise SourceError(
            file, lines.of(at), "the date formats disagree on whether the day or the month comes first.",
            "Keep one order: 03/04 would otherwise be a guess.",
        )


def _day_month_order(date_format: str) -> str:
    codes = re.findall(r"%-?([dmY])", date_format)
    if "d" not in codes or "m" not in codes or codes[0] == "Y":
        return ""
    return "day" if codes.index("d") < codes.index("m") else "month"
