"""Looks at every row of exports for keys that are none: rows that share one and are not the same thing.

Only the columns that make the key, its filter and its date are read. Where the key of an entity is all that
dates a row, or nothing does, whole rows are compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration.base import sql
from orchestration.landing import export_file, text_files
from orchestration.landing.export_file import ExportFile, UnreadableFile
from orchestration.landing.plan import mapping
from orchestration.landing.read import documents, engine_errors, headers, line_by_line, relations
from orchestration.landing.read.relations import FileRelation, Origin
from orchestration.onboarding import samples
from orchestration.sources import contract
from orchestration.sources.file_settings import DELIMITED
from orchestration.sources.source_files import Feed, Source

_SEEN = "seen_keys"
_FILES_TOGETHER = 200
_DIFFER = "min(thing) < max(thing)"


@dataclass(frozen=True)
class Place:
    """A row of a file."""

    file: str
    line: int


@dataclass(frozen=True)
class SharedKeys:
    """Keys shared by rows that are different things: another date, or other fields.

    `n_keys` counts them, `n_lost` the rows beyond one of each key, `n_rows` all rows looked at. `first` and
    `other` are two rows of one such key.
    """

    n_keys: int
    n_lost: int
    n_rows: int
    n_keys_in_all: int
    first: Place
    other: Place


@dataclass(frozen=True)
class Findings:
    """Keys shared by rows of one file, and those that only rows of several files share."""

    within: SharedKeys | None = None
    across: SharedKeys | None = None


def is_dated_apart(feed: Feed) -> bool:
    """Whether rows of the feed have a date that is no part of their key."""
    event_at = feed.table.event_at
    return bool(event_at) and event_at in feed.mappings and event_at not in feed.table.key


def key_of(feed: Feed) -> list[str]:
    """The fields of the key that the feed fills and that land."""
    return [name for name in feed.table.key if name in feed.mappings and name in feed.table.landed]


@dataclass(frozen=True)
class Target:
    """Whose rows are looked at, and where."""

    connection: duckdb.DuckDBPyConnection
    source: Source
    file_set: str
    feed: Feed


def scan(
    target: Target, delivered: list[ExportFile], origin: Callable[[ExportFile], Origin], scratch: Path
) -> Findings:
    """Reads all rows of the files for keys that rows share. Files that cannot be read are left out."""
    table = target.feed.table
    if not key_of(target.feed) or table.schema != contract.MAPPED_SCHEMA:  # a vendor's keys are known
        return Findings()
    target.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SEEN} (key UBIGINT, thing UBIGINT, file INTEGER, record BIGINT)"
    )
    read: dict[int, tuple[FileRelation, int]] = {}  # by file: how it was read, and records before its own
    for group in _groups(target, delivered):
        try:
            read |= _read_together(target, group, [origin(delivered[number]) for number in group], delivered)
        except (UnreadableFile, OSError, ValueError, *engine_errors.ENGINE_ERRORS):
            for number in group:
                file = delivered[number]
                with TemporaryDirectory(dir=scratch) as folder:
                    try:
                        read[number] = _read(target, number, file, origin(file), Path(folder)), 0
                    except (UnreadableFile, OSError, ValueError, *engine_errors.ENGINE_ERRORS):
                        continue

    def place(number: int, record: int) -> Place:
        relation, n_before = read[number]
        lines = relation.record_lines
        line = record - n_before + relation.n_header_lines if lines is None else lines[record - 1]
        return Place(delivered[number].name, line)

    within = f"SELECT key, file, count(*) AS n FROM {_SEEN} GROUP BY key, file HAVING {_DIFFER}"
    across = (
        f"SELECT key, NULL::INTEGER AS file, count(*) AS n FROM {_SEEN} GROUP BY key HAVING {_DIFFER} "
        f"AND key NOT IN (SELECT key FROM ({within}))"
    )
    is_several = len(read) > 1 and is_dated_apart(target.feed)
    return Findings(
        _shared(target.connection, within, place),
        _shared(target.connection, across, place) if is_several else None,
    )


def _groups(target: Target, delivered: list[ExportFile]) -> list[list[int]]:
    """Numbers of the files; plain ones with the same header together, because a query for each costs more."""
    options = target.source.document.files[target.file_set]
    by_header: dict[object, list[int]] = {}
    for number, file in enumerate(delivered):
        shares_header = (
            options.format in DELIMITED and export_file.is_plain(file) and file.size and not file.problem
        )
        header: object = number
        if shares_header and not options.header:
            header = headers.top_of(file.path, options)
        by_header.setdefault(header, []).append(number)
    return [group for numbers in by_header.values() for group in _batches(numbers)]


def _batches(numbers: list[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while batch := list(islice(rest, _FILES_TOGETHER)):
        yield batch


def _read_together(
    target: Target, group: list[int], origins: list[Origin], delivered: list[ExportFile]
) -> dict[int, tuple[FileRelation, int]]:
    """Records the keys of files of one layout by one query.

    Raises:
        UnreadableFile: they must be read one by one.
    """
    options = target.source.document.files[target.file_set]
    paths = tuple(delivered[number].path for number in group)
    if len(group) == 1 or any(text_files.needs_transcoding(path, options.encoding) for path in paths):
        raise UnreadableFile("each of the files is read alone")
    named = (replace(one, delivery_id=str(n)) for n, one in zip(group, origins, strict=True))
    relation = relations.open_relation(target.connection, paths, tuple(named), options)
    target.connection.register(relation.members, relation.member_table())
    counts = dict(target.connection.execute(relation.counts()).fetchall())
    _note(target, relation, "CAST(_delivery_id AS INTEGER)")
    n_before = accumulate((counts.get(str(number), 0) for number in group), initial=0)
    return {number: (relation, n) for number, n in zip(group, n_before, strict=False)}


def _read(target: Target, number: int, file: ExportFile, origin: Origin, scratch: Path) -> FileRelation:
    """Notes the key of every row of a file."""
    if file.problem:
        raise UnreadableFile(file.problem)
    options = target.source.document.files[target.file_set]
    shapes = target.source.shapes(target.file_set)
    path = samples.plain(file, scratch)
    if options.is_workbook:
        relation = samples.sheet(target.connection, path, options, scratch, origin=origin)
        _note(target, relation, str(number))
        return relation
    if not options.is_binary and (codec := text_files.needs_transcoding(path, options.encoding)):
        path = text_files.transcode(path, codec, scratch / "text")
    needed = {column for read in target.feed.columns.values() for column in read}
    form = (
        documents.layout_of_records(target.source, target.file_set)
        if options.is_json
        else documents.JsonLayout()
    )
    path, options = samples.as_records(path, options, form, scratch)
    opened = partial(relations.open_relation, target.connection, needed=needed, shapes=shapes)
    relation = opened((path,), (origin,), options)
    if options.is_json and documents.varies((path,), form, relation.keys):
        path, options = samples.as_records(path, options, form, scratch, recasts=True)
        relation = opened((path,), (origin,), options)
    try:
        if not relation.types:
            raise UnreadableFile("only the line-by-line reader finds its columns")
        _note(target, relation, str(number))
    except (UnreadableFile, *engine_errors.ENGINE_ERRORS):
        if options.format not in ("csv", "tsv", "lines", "jsonl"):
            raise
        relation = line_by_line.copy_sound_records(relation, scratch / "careful", shapes)
        _note(target, relation, str(number))
    return relation


def _narrowed(feed: Feed) -> Feed:
    """The feed with only the fields that distinguish its rows."""
    if not is_dated_apart(feed):
        return feed
    kept = {*key_of(feed), feed.table.event_at}
    reads = {name: read for name, read in feed.reads.items() if name in kept or name in ("where", "rows")}
    return replace(feed, mappings={name: feed.mappings[name] for name in kept}, reads=reads)


def _note(target: Target, relation: FileRelation, file: str) -> None:
    """Keeps key and thing of every sound row; `file` is SQL of the number of its file."""
    feed = _narrowed(target.feed)
    compiled = mapping.compile_feed(target.connection, target.source, target.file_set, feed, relation)
    landed = sorted(set(feed.mappings) & set(feed.table.landed))
    thing = [feed.table.event_at] if is_dated_apart(feed) else landed
    key_hash, thing_hash = (f"hash({', '.join(map(sql.name, names))})" for names in (key_of(feed), thing))
    target.connection.execute(
        f"INSERT INTO {_SEEN} SELECT {key_hash}, {thing_hash}, {file}, _record "
        f"FROM ({compiled.numbered}) WHERE NOT _bad"
    )


def _shared(
    connection: duckdb.DuckDBPyConnection, groups: str, place: Callable[[int, int], Place]
) -> SharedKeys | None:
    """What the groups of rows that share a key have in common; None where there are none."""
    n_keys, n_lost = connection.execute(
        f"SELECT count(*), CAST(sum(n - 1) AS BIGINT) FROM ({groups})"
    ).fetchall()[0]
    if not n_keys:
        return None
    rows = (
        f"SELECT s.key, s.file, s.record, s.thing FROM {_SEEN} AS s JOIN ({groups}) AS g "
        "ON s.key = g.key AND (g.file IS NULL OR s.file = g.file)"
    )
    key, *first, thing = connection.execute(f"{rows} ORDER BY s.file, s.record LIMIT 1").fetchall()[0]
    other = connection.execute(
        f"SELECT file, record FROM ({rows}) WHERE key = ? AND thing <> ? ORDER BY file, record LIMIT 1",
        [key, thing],
    ).fetchall()[0]
    n_rows, n_all = connection.execute(f"SELECT count(*), count(DISTINCT key) FROM {_SEEN}").fetchall()[0]
    return SharedKeys(n_keys, n_lost, n_rows, n_all, place(*first), place(*other))
