"""Source files: one YAML says what an export is and which entity its columns feed.

Reading one checks everything that can be known without the export itself; every complaint names
the file, the line, the reason and the way out.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from orchestration.base import code
from orchestration.errors import ConfigurationError
from orchestration.sources import contract, date_formats, expressions, shapes, source_yaml
from orchestration.sources.connectors import bundle
from orchestration.sources.file_settings import MAPPED, FieldMapping, FileSet, SourceDocument
from orchestration.sources.source_errors import Mistakes, SourceError, together
from orchestration.sources.source_yaml import Lines, OldSetting

LANDING_CODE = "orchestration.landing.batches"
"""The module that turns files into raw tables; when it or what it imports changes, files land anew."""


@dataclass(frozen=True)
class Feed:
    """One raw table fed by one file set; `where` is empty when every row counts.

    `keep` is what the source file says of rows that share a key, empty where the contract decides. `reads`
    holds for each field (and for `where` and `rows`) the places of a record that its expression reads.
    """

    table: contract.Table
    where: str
    mappings: dict[str, FieldMapping] = field(hash=False)
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
    """A checked source file.

    `feeds` are those of each file set, by its name in the YAML; `old_settings` those written by an old name.
    """

    path: Path
    document: SourceDocument
    feeds: dict[str, list[Feed]] = field(hash=False)
    old_settings: tuple[OldSetting, ...] = ()

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
    written = source_yaml.read(file)
    raw, lines = written.raw, written.lines
    connector = None
    if raw.get("connector", MAPPED) != MAPPED:
        connector = _connector(file, lines, raw["connector"])
        raw = _completed(file, lines, raw, connector)
    document = _document(file, raw, lines)
    entities: Mapping[str, contract.Table] = contract.entities()
    mistakes = Mistakes()
    feeds: dict[str, list[Feed]] = {}
    for name, files in document.files.items():
        tables = connector.tables_of(name) if connector else entities
        feeds[name] = []
        for table, body in files.feeds.items():
            with mistakes.noted():
                at = ("files", name, "feeds", table)
                feeds[name].append(_feed(file, lines, at, tables, body, mistakes=mistakes))
        with mistakes.noted():
            date_formats.check(file, lines, ("files", name, "dates"), files.dates)
    with mistakes.noted():
        _check_agreement(file, lines, feeds)
    mistakes.stop_if_any()
    return Source(file, document, feeds, written.old_settings)


def _connector(file: Path, lines: Lines, name: object) -> bundle.Connector:
    known = bundle.names()
    if name not in known:
        raise SourceError(
            file,
            lines.of(("connector",)),
            f"no connector is called {name!r}.",
            _suggest(str(name), [MAPPED, *known]),
        )
    return bundle.load(str(name))


def _completed(file: Path, lines: Lines, raw: Any, connector: bundle.Connector) -> Any:
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


def _format_of(known: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, str]:
    """The format by the ending of the files, where a vendor's tables come as JSON and not as CSV."""
    ending = re.search(r"\.(json|jsonl|ndjson)(\.gz)?$", str(own.get("glob", "")).lower())
    if ending is None or known.get("format", "csv") not in ("csv", "tsv"):
        return {}
    return {"format": "json" if ending[1] == "json" else "jsonl"}


def _document(file: Path, raw: Any, lines: Lines) -> SourceDocument:
    try:
        return SourceDocument.model_validate(raw)
    except ValidationError as error:
        # A misspelt setting explains the missing one.
        misspelt = [one for one in error.errors() if one["type"] == "extra_forbidden"]
        shown = misspelt or error.errors()
        raise together([_from_validation(file, lines, (), one, SourceDocument) for one in shown]) from error


def _from_validation(
    file: Path, lines: Lines, base: tuple[Hashable, ...], first: Any, model: type[BaseModel]
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
    lines: Lines,
    at: tuple[Hashable, ...],
    tables: Mapping[str, contract.Table],
    body: dict[str, Any],
    *,
    mistakes: Mistakes,
) -> Feed:
    name = str(at[-1])
    if name not in tables:
        raise SourceError(file, lines.of(at), f"unknown entity {name!r}.", _suggest(name, list(tables)))
    table = tables[name]
    fields = dict(body)
    where = expressions.column_or_expression(str(fields.pop("where", "")), is_constant=True)
    keep = str(fields.pop("keep", ""))
    if keep:
        with mistakes.noted():
            _check_keep(file, lines.of((*at, "keep")), table, keep)
    mappings: dict[str, FieldMapping] = {}
    reads: dict[str, tuple[shapes.Path, ...]] = {}
    lists = expressions.lists_of(file, lines.of(at), table)
    for field_name, value in fields.items():
        here = (*at, field_name)
        with mistakes.noted():
            mapping = _mapping(file, lines, here, table, value)
            reads[field_name] = expressions.places_read(
                file, lines.of(here), field_name, mapping.expression, lists
            )
            mappings[field_name] = mapping
    if where:
        with mistakes.noted():
            reads["where"] = expressions.places_read(file, lines.of((*at, "where")), "where", where, lists)
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


def _check_agreement(file: Path, lines: Lines, feeds: dict[str, list[Feed]]) -> None:
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
    file: Path, lines: Lines, at: tuple[Hashable, ...], table: contract.Table, value: Any
) -> FieldMapping:
    name, line = str(at[-1]), lines.of(at)
    if name not in table.columns:
        problem = f"{table.name} has no field {name!r}."
        raise SourceError(file, line, problem, _suggest(name, list(table.columns)))
    is_constant = table.columns[name].type == "bool"
    if isinstance(value, str):
        return FieldMapping(expression=expressions.column_or_expression(value, is_constant=is_constant))
    if not isinstance(value, dict):
        raise SourceError(
            file,
            line,
            f"{name}: {value!r} is neither a column nor an expression.",
            "Write a column name, or a constant in quotes within quotes: \"'text'\".",
        )
    try:
        mapping = FieldMapping.model_validate(value)
    except ValidationError as error:
        raise _from_validation(file, lines, at, error.errors()[0], FieldMapping) from error
    date_formats.check(file, lines, (*at, "dates"), mapping.dates)
    expression = expressions.column_or_expression(mapping.expression, is_constant=is_constant)
    return mapping.model_copy(update={"expression": expression})
