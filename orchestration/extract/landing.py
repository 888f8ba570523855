"""Landing: delivered files become Parquet parts behind the manifest, bad rows go to quarantine.

Rows in = rows landed + rows filtered by `where` + rows quarantined, always. A crash at any moment
leaves either a committed delivery or nothing that counts. Small files alike are landed together, up to the
point where one of them is no longer like the others: then the group is divided, at last into single files.
"""

import codecs
import hashlib
import re
import shutil
import time
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa

from orchestration import progress as told
from orchestration.errors import ConfigurationError, RunError
from orchestration.extract import compaction, files, mapping, privacy, reading, sql
from orchestration.extract.files import Bytes, Delivered, UnreadableFile, UnsettledFile
from orchestration.extract.manifest import (
    LANDED,
    QUARANTINED,
    Commit,
    Count,
    Delivery,
    Manifest,
    Part,
    put_in_place,
)
from orchestration.extract.reading import Damage, Origin, Readable
from orchestration.extract.sources import DELIMITED, Feed, Source
from orchestration.settings import Home

PARQUET = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
# Files up to this size are landed together, so many and so much at a time.
SMALL_BYTES = 16_000_000
GROUP_FILES = 2_000
GROUP_BYTES = 64_000_000
# What a packed file is expected to grow by; a group that grows by more is divided.
PACKED_RATIO = 8
# `line` counts records instead where the format has no lines of its own: JSON arrays and Parquet.
QUARANTINE_COLUMNS = {
    "source_instance": "VARCHAR",
    "entity": "VARCHAR",
    "source_file": "VARCHAR",
    "line": "BIGINT",
    "column_name": "VARCHAR",
    "reason": "VARCHAR",
    "masked_value": "VARCHAR",
    "_delivery_id": "VARCHAR",
}
_OWN_DISK = re.compile(r"could not write|no space left|quota", re.IGNORECASE)


@dataclass
class Landed:
    """What landing one source did; `unchanged` counts files already known.

    `postponed` names files that could not be judged this time, each with the reason: nothing of
    them was committed, and the next run looks at them again.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    unchanged: int = 0
    postponed: list[tuple[str, str]] = field(default_factory=list)


class Distrusted(Exception):  # noqa: N818 - not a fault: the careful reader takes over
    """The fast reader's result does not agree with the file; it must be read carefully."""


class Divided(Exception):  # noqa: N818 - not a fault: the files are landed in smaller groups
    """Files that were thought to be alike are not; `groups` are to be landed apart."""

    def __init__(self, groups: Iterable[list[Delivered]]) -> None:
        super().__init__()
        self.groups = [group for group in groups if group]


@dataclass
class _Outcome:
    """What became of the records of one file."""

    n_read: int = 0
    n_damaged: int = 0
    counts: tuple[Count, ...] = ()


@dataclass
class _Result:
    """What became of a group: outcomes by delivery id, and what else its commit tells."""

    outcomes: dict[str, _Outcome] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    columns_missing: tuple[str, ...] = ()
    columns_extra: tuple[str, ...] = ()
    quarantine: str = ""


_Inspected = Callable[[], dict[str, Bytes]]
_Known = dict[tuple[str, str, str], Delivery]


@dataclass
class Advance:
    """How far landing has come; `group` is about to be landed. Bytes are those of the files as they lie."""

    source: Source
    file_set: str
    group: list[Delivered]
    n_bytes_due: int
    n_bytes_done: int = 0
    n_rows: int = 0
    seconds: float = 0.0


Progress = Callable[[Advance], None]


@dataclass
class _Engine:
    """What every file of a run is landed with."""

    connection: duckdb.DuckDBPyConnection
    connect: Callable[[], duckdb.DuckDBPyConnection]
    pool: ThreadPoolExecutor
    exports: Path
    home: Home
    manifest: Manifest
    salt_id: str
    progress: Progress

    def revive(self) -> None:
        """Connects anew where an internal error, which some damaged files cause, has closed the database."""
        try:
            self.connection.execute("SELECT 1")
        except duckdb.FatalException:
            self.connection.close()
            self.connection = self.connect()


def land(
    sources: Iterable[Source],
    exports: Path,
    home: Home,
    *,
    salt: bytes,
    memory_limit: str = "4GB",
    threads: int = 2,
    progress: Progress = lambda advance: None,
) -> list[Landed]:
    """Lands every new or changed file of the sources.

    Raises:
        ConfigurationError: the exports folder does not exist.
        RunError: the disk is full; what was landed before stays.
    """
    if not exports.is_dir():
        raise ConfigurationError(f"{exports} is no folder. Point --exports to where the exports arrive.")
    try:
        manifest = Manifest(home.state)
        _drop_orphans(home, manifest)
        connect = partial(_connected, home, salt, memory_limit, threads)
        salt_id = privacy.salt_id(salt)
        with _scratch(home), ThreadPoolExecutor(1) as pool:
            engine = _Engine(connect(), connect, pool, exports, home, manifest, salt_id, progress)
            try:
                landed = _land_all(engine, list(sources))
                if any(one.deliveries for one in landed):
                    compaction.compact(engine.connection, home, manifest, PARQUET)
                return landed
            finally:
                engine.connection.close()
    except OSError as error:
        place = error.filename or home.root
        raise RunError(f"Landing stopped at {place}: {error.strerror}. Mend that, then run again.") from error


def _connected(home: Home, salt: bytes, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = {sql.text(str(home.scratch / 'duckdb'))}")
    connection.execute(f"SET memory_limit = {sql.text(memory_limit)}")
    connection.execute(f"SET threads = {threads}")
    connection.execute("SET TimeZone = 'UTC'")
    privacy.install(connection, salt)
    return connection


@contextmanager
def _scratch(home: Home) -> Iterator[None]:
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(home.scratch, ignore_errors=True)


def _drop_orphans(home: Home, manifest: Manifest) -> None:
    """Removes parts that the manifest does not name, left by a run that was killed."""
    named = {part.path for part in manifest.parts()}
    kept = {commit.quarantine for commit in manifest.quarantines()}
    for folder, known in ((home.raw, named), (home.quarantine, kept)):
        for path in folder.rglob("*.parquet*"):
            if path.relative_to(folder).as_posix() not in known:
                path.unlink(missing_ok=True)


@dataclass
class _Due:
    """What is new in one file set; rows hashed with another salt would join nothing, so it has its print."""

    source: Source
    file_set: str
    fingerprint: str
    files: list[Delivered] = field(default_factory=list)
    n_unchanged: int = 0


def _due(engine: _Engine, source: Source, file_set: str, known: _Known) -> _Due:
    due = _Due(source, file_set, _token(source.fingerprint(file_set), engine.salt_id))
    for file in files.discover(engine.exports, source, file_set):
        earlier = known.get((source.instance, file_set, file.name))
        if earlier is not None and _is_same(earlier, file, due.fingerprint):
            due.n_unchanged += 1
        else:
            due.files.append(file)
    return due


def _land_all(engine: _Engine, sources: list[Source]) -> list[Landed]:
    known = engine.manifest.newest()
    due = [_due(engine, source, name, known) for source in sources for name in source.document.files]
    n_bytes = sum(file.size for one in due for file in one.files)
    began, done, n_rows = time.perf_counter(), 0, 0
    landed: dict[str, Landed] = {source.instance: Landed() for source in sources}
    for one in due:
        of_source = landed[one.source.instance]
        of_source.unchanged += one.n_unchanged
        waiting = _groups(one.files)
        while waiting:
            group = waiting.pop()
            seconds = time.perf_counter() - began
            engine.progress(Advance(one.source, one.file_set, group, n_bytes, done, n_rows, seconds))
            try:
                with _landing(engine, one, group) as landing:
                    commit = landing.run(known)
            except Divided as divided:
                waiting += reversed(divided.groups)
                continue
            except UnsettledFile as reason:
                (file,) = group
                of_source.postponed.append((file.name, str(reason)))
                told.say(f"Left {file.name} for the next run: {reason}.")
            else:
                engine.manifest.append(commit)
                of_source.deliveries += commit.deliveries
                n_rows += sum(count.n_landed for d in commit.deliveries for count in d.counts)
            done += sum(file.size for file in group)
    return list(landed.values())


def _groups(due: list[Delivered]) -> list[list[Delivered]]:
    """Small files together, others alone; the last group comes first in the order of names."""
    groups: list[list[Delivered]] = []
    n_bytes = 0
    for file in due:
        size = file.size if files.is_plain(file) else file.size * PACKED_RATIO
        is_small = size <= SMALL_BYTES and not file.problem
        fits = groups and len(groups[-1]) < GROUP_FILES and n_bytes + size <= GROUP_BYTES
        if is_small and fits:
            groups[-1].append(file)
            n_bytes += size
        else:
            groups.append([file])
            n_bytes = size if is_small else GROUP_BYTES
    return groups[::-1]


@contextmanager
def _landing(engine: _Engine, due: _Due, group: list[Delivered]) -> Iterator["_Landing"]:
    with TemporaryDirectory(dir=engine.home.scratch) as scratch:
        landing = _Landing(engine, due, group, Path(scratch))
        try:
            yield landing
        finally:
            landing.discard()


def _is_same(earlier: Delivery, file: Delivered, fingerprint: str) -> bool:
    return (earlier.size, earlier.modified_ns, earlier.fingerprint) == (
        file.size,
        file.modified_ns,
        fingerprint,
    )


@dataclass
class _Member:
    """One file of a group: where it can be read, and what is known of it so far."""

    file: Delivered
    token: str
    supersedes: str
    delivered_at: datetime
    path: Path | None = None
    reason: str = ""
    digest: str = ""


class _Landing:
    """Files alike on their way into the raw zone; `staged` maps what is written to where it belongs."""

    def __init__(
        self,
        engine: _Engine,
        due: _Due,
        group: list[Delivered],
        scratch: Path,
    ) -> None:
        source, file_set = due.source, due.file_set
        self.engine, self.home = engine, engine.home
        self.source, self.file_set, self.group, self.scratch = source, file_set, group, scratch
        self.fingerprint = due.fingerprint
        self.options = source.document.files[file_set]
        self.shapes = source.shapes(file_set)
        self.keeps_new = self.options.keep_new
        # A feed of every record tells how many there are; others would need a scan for it.
        self.feeds = sorted(source.feeds[file_set], key=lambda feed: bool(feed.where or feed.table.rows))
        self.staged: dict[Path, Path] = {}
        self.members: dict[str, _Member] = {}
        self.token = ""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB, a new one after an internal error."""
        return self.engine.connection

    def run(self, known: _Known) -> Commit:
        """Lands the files, or quarantines the one that cannot be read.

        Raises:
            Divided: the files are not alike, or one of several is damaged.
            UnsettledFile: the one file is out of reach, changes, or needs more memory than there is.
            OSError: the disk is full.
        """
        for file in self.group:
            member = self._member(file, known)
            self.members[member.token] = member
        self.token = _token(*self.members)
        self._open()
        result = _Result()
        problem = next(iter(self.members.values())).reason
        if not problem:
            try:
                readable = self._readable()
                self._stop_if_lost(readable)
                result = self._landed(readable)
            except UnreadableFile as error:
                self.engine.revive()
                self._divide_by_half()
                problem = str(error)
            except duckdb.OutOfMemoryException as error:
                self._divide_by_half()
                raise UnsettledFile("it needs more memory; raise FAULTLINE_MEMORY_LIMIT") from error
        if problem:
            result = _Result(quarantine=self._refused(problem))
        self._settle()
        self._move_into_place()
        deliveries = tuple(self._delivery(token, problem, result) for token in self.members)
        return Commit(deliveries, result.parts, result.quarantine)

    def _member(self, file: Delivered, known: _Known) -> _Member:
        earlier = known.get((self.source.instance, self.file_set, file.name))
        supersedes = earlier.delivery_id if earlier else ""
        token = _token(
            self.source.instance,
            self.file_set,
            file.name,
            file.size,
            file.modified_ns,
            self.fingerprint,
            supersedes,
        )
        member = _Member(file, token, supersedes, file.modified_at)
        try:
            zone = self.source.zone(self.file_set)
            member.delivered_at = files.delivered_at(file, self.options.delivered, zone)
        except ValueError:
            member.reason = "`delivered` finds no real date in its name; correct the pattern"
        return member

    def _delivery(self, token: str, problem: str, result: _Result) -> Delivery:
        member, outcome = self.members[token], result.outcomes.get(token, _Outcome())
        file = member.file
        return Delivery(
            delivery_id=token,
            source_instance=self.source.instance,
            centre=self.source.centre,
            file_set=self.file_set,
            file=file.name,
            digest=member.digest,
            size=file.size,
            modified_ns=file.modified_ns,
            delivered_at=member.delivered_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            fingerprint=self.fingerprint,
            status=QUARANTINED if problem else LANDED,
            reason=problem,
            n_read=outcome.n_read,
            n_damaged=outcome.n_damaged,
            counts=outcome.counts,
            columns_missing=result.columns_missing,
            columns_extra=result.columns_extra,
            supersedes=member.supersedes,
        )

    def _settle(self) -> None:
        """Digests what was not yet, and makes sure that the files are still those that were found."""
        changed = []
        for token, member in self.members.items():
            if member.file.problem:
                continue
            try:
                member.digest = member.digest or files.digest(member.file)
                files.stop_if_changed(member.file)
            except UnsettledFile:
                if len(self.group) == 1:
                    raise
                changed.append(token)
        if changed:
            self._set_apart(changed)

    # ------------------------------------------------------------ dividing

    def _divide(self, *groups: list[Delivered]) -> None:
        """Gives up this group for smaller ones; does nothing for a single file."""
        if len(self.group) > 1:
            raise Divided(groups)

    def _set_apart(self, tokens: Container[str]) -> None:
        """Gives up this group for each of these files alone, and the others together."""
        rest = [member.file for token, member in self.members.items() if token not in tokens]
        alone = [[member.file] for token, member in self.members.items() if token in tokens]
        self._divide(rest, *alone)

    def _divide_by_half(self) -> None:
        middle = len(self.group) // 2
        self._divide(self.group[:middle], self.group[middle:])

    # ------------------------------------------------------------ opening

    def _open(self) -> None:
        """Makes every file readable where it can be; files that are not alike are told apart."""
        alike: dict[str, list[Delivered]] = {}
        n_bytes = 0
        for i, (token, member) in enumerate(self.members.items()):
            try:
                if not member.reason:
                    self._stop_if_hopeless(member.file)
                    member.path = self._plain(member.file, self.scratch / str(i))
                    n_bytes += member.path.stat().st_size
            except UnreadableFile as error:
                member.reason = str(error)
            except UnsettledFile:
                self._set_apart([token])
                raise
            if n_bytes > PACKED_RATIO * GROUP_BYTES:
                self._divide_by_half()
            if len(self.group) > 1:
                alike.setdefault(self._likeness(member), []).append(member.file)
        alone = [[file] for file in alike.pop("", [])]
        if alone or len(alike) > 1:
            self._divide(*alike.values(), *alone)

    def _likeness(self, member: _Member) -> str:
        """What files that are landed together have in common; empty for one that must be landed alone."""
        path = member.path
        if member.reason or path is None or not 0 < path.stat().st_size <= GROUP_BYTES:
            return ""
        if self.options.format in DELIMITED:
            with path.open("rb") as file:
                first = file.readline(files.MAX_LINE_BYTES)
            if self.options.header:  # no line of names, but a mark of the encoding and an end of its line
                return repr((first.startswith(codecs.BOM_UTF8), first[len(first.rstrip(b"\r\n")) :]))
            return repr(first)
        if self.options.format == "parquet":
            return ""
        return reading.layout_of(path, self.options)

    def _stop_if_hopeless(self, file: Delivered) -> None:
        if file.problem:
            raise UnreadableFile(file.problem)
        files.stop_if_out_of_reach(file)

    def _plain(self, file: Delivered, scratch: Path) -> Path:
        """The file as plain UTF-8 text with line feeds (or Parquet), unpacked where it is packed."""
        path = file.path
        if not files.is_plain(file):
            path = files.unpack(file, scratch.with_suffix(".unpacked"))
        if self.options.format == "parquet":
            return path
        codec = files.needs_transcoding(path, self.options.encoding)
        if codec == "utf-8-sig" and self.options.format in DELIMITED and not files.has_bare_returns(path):
            return path  # DuckDB's CSV reader knows this mark
        return files.transcode(path, codec, scratch.with_suffix(".utf8")) if codec else path

    def _readable(self) -> Readable:
        members = self.members.values()
        needed = [
            column
            for feed in self.feeds
            for name, read in feed.columns.items()
            if not feed.is_optional(name)
            for column in read
        ]
        return reading.open_readable(
            self.connection,
            tuple(member.path for member in members if member.path),
            tuple(
                Origin(member.file.name, member.token, member.delivered_at.replace(tzinfo=None))
                for member in members
            ),
            self.options,
            needed=needed,
            shapes=self.shapes,
        )

    def _stop_if_lost(self, readable: Readable) -> None:
        if not readable.types:
            return  # JSON lines that only the careful reader can tell apart
        for feed in self.feeds:
            gaps = mapping.missing_columns(feed, readable)
            for name in (*feed.table.required, "where", "rows"):
                if name in gaps:
                    columns = ", ".join(repr(column) for column in gaps[name])
                    # What was found is not told: without a header it would be somebody's data.
                    raise UnreadableFile(
                        f"column {columns} is missing, which {feed.table.name}.{name} needs "
                        f"({len(readable.types)} columns found); correct the delimiter or the mapping"
                    )

    # ------------------------------------------------------------ landing

    def _landed(self, readable: Readable) -> _Result:
        delimiter = self.options.delimiter if readable.is_delimited else ""
        paths = readable.paths
        inspection = self.engine.pool.submit(lambda: [files.inspect(path, delimiter) for path in paths])

        def inspected() -> dict[str, Bytes]:
            return dict(zip(self.members, inspection.result(), strict=True))

        try:
            result = self._land_somehow(readable, inspected)
        finally:
            inspection.exception()  # its files must not vanish under it
        for token, found in inspected().items():
            member = self.members[token]
            member.digest = found.digest if member.path == member.file.path else ""
        return result

    def _land_somehow(self, readable: Readable, inspected: _Inspected) -> _Result:
        """Lands by the fast reader; or with values of any kind; or what a careful one finds sound."""
        try:
            return self._land_readable(readable, inspected)
        except (Distrusted, *reading.ENGINE_ERRORS) as error:
            self._stop_if_ours(error)
            first = error
        if reading.is_about_kinds(first):
            try:
                return self._land_loosely(replace(readable, is_loose=True), inspected)
            except (Distrusted, *reading.ENGINE_ERRORS) as error:
                self._stop_if_ours(error)
                first = error
        self._divide_by_half()
        if self.options.format not in (*DELIMITED, "jsonl"):
            raise UnreadableFile(reading.first_line(first)) from first
        careful = reading.rewrite_carefully(readable, self.scratch / "careful", self.shapes)
        if not careful.types:
            raise UnreadableFile("no line holds a JSON object; correct `format`")
        self._stop_if_lost(careful)
        try:
            return self._land_loosely(careful, inspected)
        except reading.ENGINE_ERRORS as error:
            self._stop_if_ours(error)
            raise UnreadableFile(reading.first_line(error)) from error

    def _land_loosely(self, readable: Readable, inspected: _Inspected) -> _Result:
        """A new column that cannot be read, such as a key written twice, costs nothing but itself."""
        try:
            return self._land_readable(readable, inspected)
        except reading.ENGINE_ERRORS as error:
            if not (self.keeps_new and reading.is_about_kinds(error)) or len(self.group) > 1:
                raise
            self._stop_if_ours(error)
        self.keeps_new = False
        return self._land_readable(readable, inspected)

    def _stop_if_ours(self, error: Exception) -> None:
        """A full disk or too little memory says nothing about the file."""
        self.engine.revive()
        if isinstance(error, duckdb.OutOfMemoryException):
            raise error
        if isinstance(error, duckdb.IOException) and _OWN_DISK.search(str(error)):
            raise OSError(0, "the disk is full") from error

    def _land_readable(self, readable: Readable, inspected: _Inspected) -> _Result:
        """Lands every feed of readable files.

        Raises:
            Distrusted: the rows do not account for the file, or lines of faults could not be named.
            Divided: some of several files are like that, or hold no sound row.
        """
        if not readable.types:
            raise Distrusted
        if readable.members:
            self.connection.register(readable.members, readable.member_table())
        extra = self._extra(readable)
        keepers = self._keepers() if extra and self.keeps_new else []
        compiled = [
            (feed, self._compiled(feed, readable, extra if feed in keepers else ())) for feed in self.feeds
        ]
        n_records: dict[str, int] = {}
        if not any(query.is_every_record for _, query in compiled):
            n_records = self._counts(readable.counts())
        parts: list[Part] = []
        counts: dict[str, list[Count]] = {token: [] for token in self.members}
        for feed, query in compiled:
            part, found = self._write_part(query.landed, feed)
            parts += part
            n_selected = {token: n for token, (n, _) in found.items()}
            if query.is_every_record:
                if n_records and n_selected != n_records:
                    raise Distrusted
                n_records = n_selected
            n_all = n_records
            if feed.table.rows:
                n_all = self._counts(query.count_all) if feed.where else n_selected
            for token in self.members:
                n, n_bad = found.get(token, (0, 0))
                counts[token].append(Count(feed.table.full_name, n - n_bad, n_all.get(token, 0) - n, n_bad))
        is_one_line_each = self._reconcile(readable, n_records, inspected)
        outcomes = {
            token: _Outcome(n_records.get(token, 0), 0, tuple(counts[token])) for token in self.members
        }
        if readable.damage:
            (outcome,) = outcomes.values()
            outcome.n_read += len(readable.damage)
            outcome.n_damaged = len(readable.damage)
        self._divide_if_hopeless(readable, outcomes)
        faulty = [
            (feed, query)
            for i, (feed, query) in enumerate(compiled)
            if any(outcome.counts[i].n_quarantined for outcome in outcomes.values())
        ]
        quarantine = ""
        if readable.damage or faulty:
            if not is_one_line_each:
                self._divide_by_half()
                raise Distrusted
            self._collect(readable, faulty, n_records)
            quarantine = self._write_quarantine()
        missing = sorted({column for _, query in compiled for column in query.missing})
        return _Result(outcomes, tuple(parts), tuple(missing), tuple(map(privacy.shown, extra)), quarantine)

    def _divide_if_hopeless(self, readable: Readable, outcomes: dict[str, _Outcome]) -> None:
        """Alone, a file of JSON without any sound row, or without a needed key, is told what it lacks."""
        if not self.options.is_json or len(self.group) == 1:
            return
        hopeless = {
            token
            for token, outcome in outcomes.items()
            if outcome.n_read and any(c.n_quarantined == outcome.n_read for c in outcome.counts)
        }
        # An expression may make something of a key that is not there.
        made = {
            feed.columns[name][0]
            for feed in self.feeds
            for name in feed.table.required
            if len(feed.columns[name]) == 1 and feed.mappings[name].expression != feed.columns[name][0]
        }
        if made:
            names = [sql.name(column) for column in made]
            has_all = " AND ".join(f"count({name}) > 0" for name in names)
            rows = readable.rows(names)
            query = f"SELECT {reading.DELIVERY} FROM {rows} GROUP BY ALL HAVING NOT ({has_all})"
            hopeless.update(token for (token,) in self.connection.execute(query).fetchall())
        if hopeless:
            self._set_apart(hopeless)

    def _extra(self, readable: Readable) -> tuple[str, ...]:
        used = {c for feed in self.feeds for c in feed.referenced()} | {c.lower() for c in self.options.known}
        return tuple(sorted(c for c in readable.types if c.lower() not in used))

    def _keepers(self) -> list[Feed]:
        """Feeds that keep new columns: the first of every record, else all that take some records."""
        of_records = [feed for feed in self.feeds if not feed.table.rows]
        return [feed for feed in of_records if not feed.where][:1] or of_records or self.feeds

    def _compiled(self, feed: Feed, readable: Readable, new: tuple[str, ...]) -> mapping.Compiled:
        try:
            return mapping.compile_feed(self.connection, self.source, self.file_set, feed, readable, new=new)
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise UnreadableFile(f"{feed.table.name}: {reading.first_line(error)}") from error

    def _counts(self, query: str) -> dict[str, int]:
        return dict(self.connection.execute(query).fetchall())

    def _reconcile(self, readable: Readable, n_records: dict[str, int], inspected: _Inspected) -> bool:
        """Trusts the fast reader only when its rows account for every line and delimiter of the files.

        Returns:
            Whether the line of each record is known.
        """
        if not readable.has_lines:
            return True
        if readable.record_lines is not None:
            n_parsed = sum(n_records.values())
            if n_parsed != len(readable.record_lines):
                raise UnreadableFile(
                    f"{abs(len(readable.record_lines) - n_parsed)} records could not be accounted for"
                )
            return True
        # Of each file: records, and how far its lines and delimiters differ from what they take.
        odd: dict[str, tuple[int, int]] = {}
        bad: list[str] = []
        for token, found in inspected().items():
            n_parsed = n_records.get(token, 0)
            n_lines = found.n_lines - readable.n_header_lines - n_parsed
            n_marks = found.n_delimiters - readable.n_header_delimiters - n_parsed * (len(readable.types) - 1)
            if not found.is_clean_text or found.has_long_line:
                bad.append(token)
            elif n_lines or (readable.is_delimited and n_marks):
                odd[token] = (n_lines, n_marks)
        if odd and readable.is_delimited and readable.options.format != "lines":
            inside = self._inside(readable)
            bad += [token for token, found in odd.items() if inside.get(token) != found]
        else:
            bad += odd
        if bad:
            self._set_apart(bad)
            raise Distrusted
        return not any(n_lines for n_lines, _ in odd.values())

    def _inside(self, readable: Readable) -> dict[str, tuple[int, int]]:
        """Line breaks and delimiters inside the values of each file.

        Values may hold both. DuckDB takes a row with too many columns when the last ones are empty, so
        delimiters count as well.
        """
        delimiter = readable.options.delimiter
        breaks, marks = (
            "coalesce(sum({}), 0)".format(
                " + ".join(
                    f"coalesce((length({c}) - length(replace({c}, {mark}, ''))) // {length}, 0)"
                    for c in map(sql.name, readable.types)
                )
            )
            for mark, length in (("chr(10)", 1), (sql.text(delimiter), len(delimiter)))
        )
        rows = self.connection.execute(
            f"SELECT {reading.DELIVERY}, {breaks}, {marks} "
            f"FROM {readable.rows(map(sql.name, readable.types))} GROUP BY ALL"
        )
        return {token: (int(n_breaks), int(n_marks)) for token, n_breaks, n_marks in rows.fetchall()}

    # ------------------------------------------------------------ parts

    def _part_name(self, feed: Feed) -> str:
        schema = feed.table.schema.removeprefix("raw_")
        return f"{schema}/{feed.table.name}/{self.source.instance}-{self.token}.parquet"

    def _write_part(self, select: str, feed: Feed) -> tuple[list[Part], dict[str, tuple[int, int]]]:
        """Writes the sound rows of a part beside its place.

        Returns:
            The part, unless it would be empty; for each delivery, rows selected and rows flagged bad.
        """
        target = self.home.raw / self._part_name(feed)
        writing = target.with_name(f"{target.name}.writing")
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staged[writing] = target
        # Flags that are NULL cost nothing to write.
        flagged = f"SELECT * REPLACE (nullif(_bad, false) AS _bad) FROM ({select})"
        self.connection.execute(f"COPY ({flagged}) TO {sql.text(str(writing))} ({PARQUET})")
        written = f"read_parquet({sql.path(writing)}, hive_partitioning=false)"
        found = self.connection.execute(
            f"SELECT _delivery_id, count(*), count(_bad) FROM {written} GROUP BY ALL"
        ).fetchall()
        n_bad = sum(row[2] for row in found)
        n_sound = sum(row[1] for row in found) - n_bad
        by_delivery = {token: (n, n_wrong) for token, n, n_wrong in found}
        if not n_sound:
            writing.unlink()
            del self.staged[writing]
            return [], by_delivery
        if n_bad:
            sound = self.scratch / "sound"
            self.connection.execute(
                f"COPY (SELECT * FROM {written} WHERE _bad IS NULL) TO {sql.text(str(sound))} ({PARQUET})"
            )
            sound.replace(writing)
        n_bytes, tokens = writing.stat().st_size, tuple(self.members)
        part = Part(feed.table.full_name, self._part_name(feed), n_sound, n_bytes, tokens)
        return [part], by_delivery

    def discard(self) -> None:
        """Removes what was written and not moved into place."""
        for writing in self.staged:
            writing.unlink(missing_ok=True)
        self.staged.clear()

    def _move_into_place(self) -> None:
        for writing, target in self.staged.items():
            put_in_place(writing, target)
        self.staged.clear()

    # ------------------------------------------------------------ quarantine

    def _refused(self, reason: str) -> str:
        self.discard()
        self._start_quarantine()
        self.connection.execute(
            "INSERT INTO faults SELECT unnest(?), ?, NULL, '', ?, ''",
            [list(self.members), self._label(), reason],
        )
        return self._write_quarantine()

    def _label(self) -> str:
        return ", ".join(feed.table.name for feed in self.source.feeds[self.file_set])

    def _start_quarantine(self) -> None:
        own = ("entity", "line", "column_name", "reason", "masked_value")
        columns = ", ".join(f"{sql.name(c)} {QUARANTINE_COLUMNS[c]}" for c in own)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE faults (_delivery_id VARCHAR, {columns})")

    def _collect(
        self,
        readable: Readable,
        faulty: list[tuple[Feed, mapping.Compiled]],
        n_records: dict[str, int],
    ) -> None:
        """Names the place of every fault; in the engine, because a file can be all faults."""
        self._start_quarantine()
        if readable.damage:
            self.connection.register("damage", _damage_table(readable.damage))
            self.connection.execute(
                "INSERT INTO faults SELECT ?, ?, line, '', reason, '' FROM damage",
                [next(iter(self.members)), self._label()],
            )
        if readable.record_lines is not None:
            lines = np.asarray(readable.record_lines)
            self.connection.register(
                "lines", pa.table({"record": np.arange(1, len(lines) + 1), "line": lines})
            )
        # Records are counted through all files, in the order in which these are read.
        before = np.cumsum([0, *(n_records.get(token, 0) for token in self.members)])[:-1]
        self.connection.register(
            "files_before", pa.table({"_delivery_id": list(self.members), "n_before": before})
        )
        for feed, query in faulty:
            found = f"({query.faults}) AS f(_delivery_id, record, column_name, reason, masked_value)"
            line, joined = f"f.record - n_before + {readable.n_header_lines}", ""
            if readable.record_lines is not None:
                line, joined = "lines.line", " JOIN lines USING (record)"
            self.connection.execute(
                f"INSERT INTO faults SELECT f._delivery_id, ?, {line}, column_name, reason, "
                f"coalesce(masked_value, '') "
                f"FROM {found} JOIN files_before USING (_delivery_id){joined}",
                [feed.table.name],
            )

    def _write_quarantine(self) -> str:
        name = f"{self.source.instance}/{self.token}.parquet"
        target = self.home.quarantine / name
        writing = target.with_name(f"{target.name}.writing")
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staged[writing] = target
        delivered = pa.table(
            {
                "_delivery_id": list(self.members),
                "source_file": [member.file.name for member in self.members.values()],
            }
        )
        self.connection.register("delivered_files", delivered)
        listed = ", ".join(
            sql.text(self.source.instance) + " AS source_instance" if c == "source_instance" else sql.name(c)
            for c in QUARANTINE_COLUMNS
        )
        self.connection.execute(
            f"COPY (SELECT {listed} FROM faults JOIN delivered_files USING (_delivery_id) "
            f"ORDER BY source_file, line, entity, column_name) TO {sql.text(str(writing))} ({PARQUET})"
        )
        self.connection.execute("DROP TABLE faults")
        return name


def _damage_table(damage: list[Damage]) -> pa.Table:
    return pa.table(
        {
            "line": pa.array([one.line for one in damage], pa.int64()),
            "reason": pa.array([one.reason for one in damage], pa.string()),
        }
    )


def _token(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]


def parse_as_of(text: str) -> datetime | None:
    """A moment given by a person, as naive UTC; None when empty.

    Raises:
        ConfigurationError: the text is no ISO 8601 time.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--as-of {text!r} is no time. Write e.g. 2026-01-31T18:00:00Z.") from error
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
