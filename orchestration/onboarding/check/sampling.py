"""What a run would make of the first records of some files: the SQL of landing, and counts over its rows."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import duckdb

from orchestration.base import sql
from orchestration.landing import unknown_words
from orchestration.landing.export_file import ExportFile
from orchestration.landing.people import hashing
from orchestration.landing.plan import mapping
from orchestration.landing.read import documents
from orchestration.landing.read.relations import FileRelation
from orchestration.onboarding.check import duplicate_keys, hints
from orchestration.sources import contract
from orchestration.sources.source_files import Feed, Source

_SHOWN_ROWS = 3
_MAX_HINT_VALUES = 1_000


@dataclass
class Fault:
    """Rows of one file that one field sends to quarantine for one reason; the first is the example."""

    file: str
    line: int
    masked: str
    n: int = 0
    values: list[str] = field(default_factory=list)  # never shown: for the hint which format would fit


@dataclass
class SharedKeys:
    """Keys that several rows of one file have, although some of their columns differ."""

    file: str
    n_keys: int
    key: list[str]
    columns: list[str]


@dataclass
class Sampled:
    """What the check finds in the sampled files of one feed."""

    file_set: str
    feed: Feed
    n_files: int = 0
    n_records: int = 0
    n_kept: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    missing: dict[str, hints.MissingColumns] = field(default_factory=dict)  # by field
    faults: dict[tuple[str, str], list[Fault]] = field(default_factory=dict)  # by field and reason
    words: dict[str, Counter[str]] = field(default_factory=dict)  # outside its vocabulary, by field
    rows: list[dict[str, object]] = field(default_factory=list)
    placeholders: Counter[str] = field(default_factory=Counter)
    personal: Counter[str] = field(default_factory=Counter)  # rows with a hashed or masked value, by field
    local_numbers: Counter[str] = field(default_factory=Counter)  # numbers without a country code, by field
    impossible: dict[tuple[str, str], Fault] = field(default_factory=dict)  # by field and what is wrong
    shared_keys: SharedKeys | None = None
    keys: duplicate_keys.Findings = field(default_factory=duplicate_keys.Findings)


def add(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    one: Sampled,
    file: ExportFile,
    relation: FileRelation,
) -> None:
    """Adds what a run would make of the records of a relation.

    Raises:
        duckdb.Error: an expression does not fit the file.
    """
    one.n_files += 1
    feed = one.feed
    gaps = mapping.missing_columns(feed, relation)
    for name, absent in gaps.items():
        gap = one.missing.setdefault(name, hints.MissingColumns(by_lower_name(relation)))
        gap.absent |= dict.fromkeys(absent)
        gap.files.append(file.name)
        if source.document.files[one.file_set].is_json:
            form = documents.layout_of_records(source, one.file_set)
            gap.found = gap.found or documents.described(relation.paths[0], form)
    if not any(required in gaps for required in feed.table.required):  # landing would stop here
        _map(connection, source, one, file, relation)


def failing_field(
    connection: duckdb.DuckDBPyConnection, source: Source, one: Sampled, relation: FileRelation
) -> tuple[str, duckdb.Error] | None:
    """The field (or `where`) that the engine cannot compute, and why; None if each of them fits alone."""
    feed = one.feed
    rows = {name: read for name, read in feed.reads.items() if name == "rows"}
    alone = [
        Feed(feed.table, "", {f: m}, feed.lines, {f: feed.reads[f], **rows}) for f, m in feed.mappings.items()
    ]
    if feed.where:
        first = next(iter(feed.mappings))
        # Tried last: a field that fails alone is at fault, not the filter.
        reads = {first: feed.reads[first], "where": feed.reads["where"], **rows}
        alone.append(Feed(feed.table, feed.where, {first: feed.mappings[first]}, feed.lines, reads))
    for trial in alone:
        try:
            _rows(connection, mapping.compile_feed(connection, source, one.file_set, trial, relation).landed)
        except duckdb.Error as error:
            return "where" if trial.where else next(iter(trial.mappings)), error
    return None


def by_lower_name(relation: FileRelation) -> dict[str, str]:
    """The columns of a relation as they are written, by their names in lower case."""
    return {column.lower(): column for column in relation.types}


def _map(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    one: Sampled,
    file: ExportFile,
    relation: FileRelation,
) -> None:
    feed = one.feed
    compiled = mapping.compile_feed(connection, source, one.file_set, feed, relation)
    codes = {field for (field,) in _rows(connection, compiled.codes)}
    if codes:
        compiled = mapping.compile_feed(connection, source, one.file_set, feed, relation, codes=codes)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE mapped AS {compiled.landed}")
    kept = [f for f in feed.mappings if f in feed.table.landed]
    counts = ", ".join(["count(*)", *(f"count({sql.name(f)})" for f in kept)])
    n, *filled = _rows(connection, f"SELECT {counts} FROM mapped")[0]
    one.n_records += sum(n_all for _, n_all in _rows(connection, compiled.count_all))
    one.n_kept += n
    one.filled.update(dict(zip(kept, filled, strict=True)))
    if not one.rows:
        rows = _rows(
            connection,
            f"SELECT {', '.join(map(sql.name, kept))} FROM mapped WHERE NOT _bad LIMIT {_SHOWN_ROWS}",
        )
        one.rows = [dict(zip(kept, row, strict=True)) for row in rows]
    for name_of_field, words in contract.vocabularies(feed.table).items():
        if name_of_field in kept:
            one.words.setdefault(name_of_field, Counter()).update(_unknown(connection, name_of_field, words))
    for number in (one for one in kept if feed.table.columns[one].type == "phone"):
        status = sql.name(f"{number}_status")
        n_local = _rows(connection, f"SELECT count(*) FROM mapped WHERE {status} = '{hashing.NO_COUNTRY}'")[
            0
        ][0]
        one.local_numbers[number] += n_local
    one.shared_keys = one.shared_keys or _shared_keys(connection, file, feed, kept)
    _note_times(connection, one, file, relation, compiled)
    marked = f"WHERE NOT _bad AND {mapping.PERSONAL} IS NOT NULL"
    for names, n_rows in _rows(
        connection, f"SELECT {mapping.PERSONAL}, count(*) FROM mapped {marked} GROUP BY ALL"
    ):
        one.personal.update(dict.fromkeys(names.split(","), n_rows))
    found: dict[tuple[str, str], Fault] = {}
    for _, record, column, reason, masked in _rows(connection, compiled.faults):
        first = Fault(file.name, _line_of(relation, record), masked or "")
        found.setdefault((column, reason), first).n += 1
    for (column, reason), fault in found.items():
        known = feed.table.columns.get(column)
        if known is not None and known.type in ("ts", "date", "num"):
            fault.values = _values(connection, feed, column, relation)
        one.faults.setdefault((column, reason), []).append(fault)


def _note_times(
    connection: duckdb.DuckDBPyConnection,
    one: Sampled,
    file: ExportFile,
    relation: FileRelation,
    compiled: mapping.Compiled,
) -> None:
    """Times that are placeholders, and times that contradict others of their row."""
    marks = mapping.PLACEHOLDERS
    marked = f"SELECT {marks}, count(*) FROM mapped WHERE NOT _bad AND {marks} IS NOT NULL GROUP BY ALL"
    for names, n in _rows(connection, marked):
        one.placeholders.update(dict.fromkeys(names.split(","), n))
    for record, column, problem in _rows(connection, compiled.impossible) if compiled.impossible else ():
        first = Fault(file.name, _line_of(relation, record), "")
        one.impossible.setdefault((column, problem), first).n += 1


def _unknown(connection: duckdb.DuckDBPyConnection, column: str, words: tuple[str, ...]) -> dict[str, int]:
    """Values of a column that are no word of its vocabulary, with the number of rows."""
    status_only = " AND lower(trim(field)) = 'status'" if column == contract.STATUS_CHANGE else ""
    found = _rows(
        connection,
        f"SELECT {sql.name(column)}, count(*) FROM mapped "
        f"WHERE NOT _bad AND {sql.name(column)} IS NOT NULL{status_only} GROUP BY 1",
    )
    return {word: n for word, n in found if unknown_words.folded(word) not in words}


def _shared_keys(
    connection: duckdb.DuckDBPyConnection, file: ExportFile, feed: Feed, landed: list[str]
) -> SharedKeys | None:
    """Rows of a file of which only one for each key will count; none where rows are versions."""
    key = [name for name in feed.table.key if name in landed]
    if feed.table.version_at or not key:
        return None
    differing = ", ".join(
        # NULL beside a value differs as well.
        f"CASE WHEN count(DISTINCT {sql.name(c)}) > 1 OR count({sql.name(c)}) BETWEEN 1 AND count(*) - 1 "
        f"THEN {sql.text(c)} END"
        for c in landed
    )
    groups = f"FROM mapped WHERE NOT _bad GROUP BY {', '.join(map(sql.name, key))}"
    groups_that_differ = _rows(
        connection,
        "SELECT list_filter(found, lambda c: c IS NOT NULL) AS columns "
        f"FROM (SELECT [{differing}] AS found {groups}) WHERE len(columns) > 0",
    )
    columns = dict.fromkeys(column for (found,) in groups_that_differ for column in found)
    return SharedKeys(file.name, len(groups_that_differ), key, list(columns)) if groups_that_differ else None


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return connection.execute(query).fetchall()


def _values(
    connection: duckdb.DuckDBPyConnection, feed: Feed, column: str, relation: FileRelation
) -> list[str]:
    query = (
        f"SELECT DISTINCT CAST(({feed.mappings[column].expression}\n) AS VARCHAR) "
        f"FROM {relation.relation()} LIMIT {_MAX_HINT_VALUES}"
    )
    try:
        values = [str(row[0]).strip() for row in _rows(connection, query) if row[0] is not None]
    except duckdb.Error:  # it reads a column that this file lacks: then there is no hint
        return []
    return [value for value in values if value not in {token.strip() for token in relation.options.nulls}]


def _line_of(relation: FileRelation, record: object) -> int:
    number = int(str(record))
    lines = relation.record_lines
    return lines[number - 1] if lines is not None and number <= len(lines) else number
