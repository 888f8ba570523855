"""Landing: delivered files become Parquet parts behind the manifest, bad rows go to quarantine.

Rows in = rows landed + rows filtered by `where` + rows quarantined, always. A crash at any moment
leaves either a committed delivery or nothing that counts.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict

import duckdb
import numpy as np
import pyarrow as pa

from orchestration import progress as told
from orchestration.errors import ConfigurationError, RunError
from orchestration.extract import files, mapping, privacy, reading, sql
from orchestration.extract.files import Bytes, Delivered, UnreadableFile, UnsettledFile
from orchestration.extract.manifest import Delivery, Manifest, Part
from orchestration.extract.reading import Damage, Readable
from orchestration.extract.sources import Feed, Source
from orchestration.settings import Home

PARQUET = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
# `line` counts records instead where the format has no lines of its own: JSON arrays and Parquet.
QUARANTINE_COLUMNS = {
    "source_instance": "VARCHAR",
    "entity": "VARCHAR",
    "source_file": "VARCHAR",
    "line": "BIGINT",
    "column_name": "VARCHAR",
    "reason": "VARCHAR",
    "masked_value": "VARCHAR",
}
_OWN_DISK = re.compile(r"could not write|no space left|quota", re.IGNORECASE)


@dataclass(frozen=True)
class Landed:
    """What landing one source did; `unchanged` counts files already known.

    `postponed` names files that could not be judged this time, each with the reason: nothing of
    them was committed, and the next run looks at them again.
    """

    deliveries: tuple[Delivery, ...]
    unchanged: int
    postponed: tuple[tuple[str, str], ...] = ()


class Distrusted(Exception):  # noqa: N818 - not a fault: the careful reader takes over
    """The fast reader's result does not agree with the file; it must be read carefully."""


class _Outcome(TypedDict):
    """What became of a file, as the manifest has it."""

    status: str
    reason: str
    n_read: int
    n_damaged: int
    parts: tuple[Part, ...]
    columns_missing: tuple[str, ...]
    columns_extra: tuple[str, ...]
    quarantine: str


Progress = Callable[[Source, str, Delivered], None]


@dataclass(frozen=True)
class _Engine:
    """What every file of a run is landed with."""

    connection: duckdb.DuckDBPyConnection
    pool: ThreadPoolExecutor
    exports: Path
    home: Home
    manifest: Manifest
    salt_id: str
    progress: Progress


def land(
    sources: Iterable[Source],
    exports: Path,
    home: Home,
    *,
    salt: bytes,
    memory_limit: str = "4GB",
    threads: int = 2,
    progress: Progress = lambda source, file_set, file: None,
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
        with _scratch(home), ThreadPoolExecutor(1) as pool, duckdb.connect() as connection:
            connection.execute(f"SET temp_directory = {sql.text(str(home.scratch / 'duckdb'))}")
            connection.execute(f"SET memory_limit = {sql.text(memory_limit)}")
            connection.execute(f"SET threads = {threads}")
            connection.execute("SET TimeZone = 'UTC'")
            privacy.install(connection, salt)
            engine = _Engine(connection, pool, exports, home, manifest, privacy.salt_id(salt), progress)
            return [_land_source(engine, source) for source in sources]
    except OSError as error:
        place = error.filename or home.root
        raise RunError(f"Landing stopped at {place}: {error.strerror}. Mend that, then run again.") from error


@contextmanager
def _scratch(home: Home) -> Iterator[None]:
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(home.scratch, ignore_errors=True)


def _drop_orphans(home: Home, manifest: Manifest) -> None:
    """Removes parts that no line of the manifest names, left by a run that was killed."""
    named = {part.path for delivery in manifest.lines for part in delivery.parts}
    kept = {delivery.quarantine for delivery in manifest.lines}
    for folder, known in ((home.raw, named), (home.quarantine, kept)):
        for path in folder.rglob("*.parquet*"):
            if path.relative_to(folder).as_posix() not in known:
                path.unlink(missing_ok=True)


def _land_source(engine: _Engine, source: Source) -> Landed:
    known = engine.manifest.newest()
    deliveries: list[Delivery] = []
    postponed: list[tuple[str, str]] = []
    unchanged = 0
    for file_set in source.document.files:
        # Rows hashed with another salt would join nothing that is landed with this one.
        fingerprint = _token(source.fingerprint(file_set), engine.salt_id)
        for file in files.discover(engine.exports, source, file_set):
            earlier = known.get((source.instance, file_set, file.name))
            if earlier is not None and _is_same(earlier, file, fingerprint):
                unchanged += 1
                continue
            engine.progress(source, file_set, file)
            try:
                with _landing(engine, source, file_set, file, fingerprint) as landing:
                    delivery = landing.run(earlier)
            except UnsettledFile as reason:
                postponed.append((file.name, str(reason)))
                told.say(f"Left {file.name} for the next run: {reason}.")
                continue
            engine.manifest.append(delivery)
            deliveries.append(delivery)
    return Landed(tuple(deliveries), unchanged, tuple(postponed))


@contextmanager
def _landing(
    engine: _Engine, source: Source, file_set: str, file: Delivered, fingerprint: str
) -> Iterator["_Landing"]:
    with TemporaryDirectory(dir=engine.home.scratch) as scratch:
        landing = _Landing(engine, source, file_set, file, fingerprint=fingerprint, scratch=Path(scratch))
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


class _Landing:
    """One file on its way into the raw zone; `staged` maps what is written to where it belongs."""

    def __init__(
        self,
        engine: _Engine,
        source: Source,
        file_set: str,
        file: Delivered,
        *,
        fingerprint: str,
        scratch: Path,
    ) -> None:
        self.engine, self.connection, self.home = engine, engine.connection, engine.home
        self.source, self.file_set, self.file, self.scratch = source, file_set, file, scratch
        self.fingerprint = fingerprint
        self.options = source.document.files[file_set]
        # A feed without a filter tells how many records there are; others would need a scan for it.
        self.feeds = sorted(source.feeds[file_set], key=lambda feed: bool(feed.where))
        self.token = _token(source.instance, file_set, file.name, file.size, file.modified_ns, fingerprint)
        self.digest = ""
        self.staged: dict[Path, Path] = {}

    def run(self, earlier: Delivery | None) -> Delivery:
        """Lands the file or quarantines it.

        Raises:
            UnsettledFile: it is out of reach, changes, or needs more memory than there is.
            OSError: the disk is full.
        """
        moment = self.file.modified_at
        try:
            self._stop_if_hopeless()
            moment = self._delivered_at()
            outcome = self._landed(moment)
        except UnreadableFile as error:
            outcome = self._refused(str(error))
        except duckdb.OutOfMemoryException as error:
            raise UnsettledFile("it needs more memory; raise FAULTLINE_MEMORY_LIMIT") from error
        if not self.file.problem:
            self.digest = self.digest or files.digest(self.file)
            files.stop_if_changed(self.file)
        self._move_into_place()
        return Delivery(
            delivery_id=self.token,
            source_instance=self.source.instance,
            centre=self.source.centre,
            file_set=self.file_set,
            file=self.file.name,
            digest=self.digest,
            size=self.file.size,
            modified_ns=self.file.modified_ns,
            delivered_at=moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            fingerprint=self.fingerprint,
            supersedes=earlier.delivery_id if earlier else "",
            **outcome,
        )

    def _stop_if_hopeless(self) -> None:
        if self.file.problem:
            raise UnreadableFile(self.file.problem)
        files.stop_if_out_of_reach(self.file)

    def _delivered_at(self) -> datetime:
        try:
            return files.delivered_at(self.file, self.options.delivered, self.source.zone(self.file_set))
        except ValueError as error:
            raise UnreadableFile("`delivered` finds no real date in its name; correct the pattern") from error

    # ------------------------------------------------------------ reading

    def _landed(self, moment: datetime) -> _Outcome:
        path = self._plain()
        needed = [column for feed in self.feeds for read in feed.columns.values() for column in read]
        readable = reading.open_readable(self.connection, path, self.options, needed)
        self._stop_if_lost(readable)
        delimiter = self.options.delimiter if readable.is_delimited else ""
        inspection = self.engine.pool.submit(files.inspect, path, delimiter)
        try:
            outcome = self._land_readable(readable, moment, inspection.result)
        except (Distrusted, *reading.ENGINE_ERRORS) as error:
            self._stop_if_ours(error)
            inspection.result()
            if self.options.format in ("json", "parquet"):
                raise UnreadableFile(reading.first_line(error)) from error
            outcome = self._land_carefully(readable, moment, inspection.result)
        self.digest = inspection.result().digest if path == self.file.path else ""
        return outcome

    def _land_carefully(
        self, readable: Readable, moment: datetime, inspected: Callable[[], Bytes]
    ) -> _Outcome:
        careful = reading.rewrite_carefully(readable, self.scratch / "careful")
        if not careful.types:
            raise UnreadableFile("no line holds a JSON object; correct `format`")
        self._stop_if_lost(careful)
        try:
            return self._land_readable(careful, moment, inspected)
        except reading.ENGINE_ERRORS as error:
            self._stop_if_ours(error)
            raise UnreadableFile(reading.first_line(error)) from error

    def _plain(self) -> Path:
        """The file as plain UTF-8 text with line feeds (or Parquet), unpacked where it is packed."""
        path = self.file.path
        if not files.is_plain(self.file):
            path = files.unpack(self.file, self.scratch / "unpacked")
        if self.options.format == "parquet":
            return path
        codec = files.needs_transcoding(path, self.options.encoding)
        if codec == "utf-8-sig" and self.options.format in ("csv", "tsv"):
            return path  # DuckDB's CSV reader knows this mark
        return files.transcode(path, codec, self.scratch / "utf8") if codec else path

    def _stop_if_ours(self, error: Exception) -> None:
        """A full disk or too little memory says nothing about the file."""
        if isinstance(error, duckdb.OutOfMemoryException):
            raise error
        if isinstance(error, duckdb.IOException) and _OWN_DISK.search(str(error)):
            raise OSError(0, "the disk is full") from error

    def _stop_if_lost(self, readable: Readable) -> None:
        if not readable.types:
            return  # JSON lines that only the careful reader can tell apart
        for feed in self.feeds:
            gaps = mapping.missing_columns(feed, readable.types)
            for name in (*feed.entity.required, "where"):
                if name in gaps:
                    columns = ", ".join(repr(column) for column in gaps[name])
                    # What was found is not told: without a header it would be somebody's data.
                    raise UnreadableFile(
                        f"column {columns} is missing, which {feed.entity.name}.{name} needs "
                        f"({len(readable.types)} columns found); correct the delimiter or the mapping"
                    )

    # ------------------------------------------------------------ landing

    def _land_readable(
        self, readable: Readable, moment: datetime, inspected: Callable[[], Bytes]
    ) -> _Outcome:
        """Lands every feed of a readable file.

        Raises:
            Distrusted: the rows do not account for the file, or lines of faults could not be named.
        """
        if not readable.types:
            raise Distrusted
        compiled = [(feed, self._compiled(feed, readable, moment)) for feed in self.feeds]
        parts: list[Part] = []
        n_parsed = -1
        for feed, query in compiled:
            if n_parsed < 0 and query.has_filter:
                n_parsed = self._count(query.count_all)
            n_selected, n_bad = self._write_part(query.landed, feed)
            if n_parsed < 0:
                n_parsed = n_selected
            if n_selected != n_parsed and not query.has_filter:
                raise Distrusted
            counts = n_selected - n_bad, n_parsed - n_selected, n_bad
            parts.append(Part(feed.entity.name, self._part_name(feed), *counts))
        is_one_line_each = self._reconcile(readable, n_parsed, inspected)
        has_faults = bool(readable.damage) or any(part.n_quarantined for part in parts)
        if has_faults:
            if not is_one_line_each:
                raise Distrusted
            self._collect(
                readable, [(f, q) for (f, q), p in zip(compiled, parts, strict=True) if p.n_quarantined]
            )
        used = {c for feed in self.feeds for c in feed.referenced()}
        return {
            "status": "landed",
            "reason": "",
            "n_read": n_parsed + len(readable.damage),
            "n_damaged": len(readable.damage),
            "parts": tuple(parts),
            "columns_missing": tuple(sorted({column for _, query in compiled for column in query.missing})),
            "columns_extra": tuple(sorted(c for c in readable.types if c.lower() not in used)),
            "quarantine": self._write_quarantine() if has_faults else "",
        }

    def _compiled(self, feed: Feed, readable: Readable, moment: datetime) -> mapping.Compiled:
        try:
            return mapping.compile_feed(
                self.connection,
                self.source,
                self.file_set,
                feed,
                readable,
                file_name=self.file.name,
                delivery_id=self.token,
                delivered_at=moment.replace(tzinfo=None),
            )
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise UnreadableFile(f"{feed.entity.name}: {reading.first_line(error)}") from error

    def _count(self, query: str) -> int:
        return int(self.connection.execute(query).fetchall()[0][0])

    def _reconcile(self, readable: Readable, n_parsed: int, inspected: Callable[[], Bytes]) -> bool:
        """Trusts the fast reader only when its rows account for every line and delimiter of the file.

        Returns:
            Whether the line of each record is known.
        """
        if readable.options.format in ("json", "parquet"):
            return True
        if readable.record_lines is not None:
            if n_parsed != len(readable.record_lines):
                raise UnreadableFile(
                    f"{abs(len(readable.record_lines) - n_parsed)} records could not be accounted for"
                )
            return True
        found = inspected()
        if not found.is_clean_text or found.has_long_line:
            raise Distrusted
        if not readable.is_delimited:
            if n_parsed != found.n_lines:
                raise Distrusted
            return True
        n_lines = found.n_lines - readable.n_header_lines
        n_delimiters = found.n_delimiters - readable.n_header_delimiters
        n_expected = n_parsed * (len(readable.types) - 1)
        if (n_parsed, n_expected) == (n_lines, n_delimiters):
            return True
        # Values may hold line breaks and delimiters. DuckDB takes a row with too many columns when
        # the last ones are empty, so delimiters count as well.
        delimiter = readable.options.delimiter
        inside = ", ".join(
            "coalesce(sum({}), 0)".format(
                " + ".join(
                    f"coalesce((length({c}) - length(replace({c}, {mark}, ''))) // {length}, 0)"
                    for c in map(sql.name, readable.types)
                )
            )
            for mark, length in (("chr(10)", 1), (sql.text(delimiter), len(delimiter)))
        )
        breaks, marks = self.connection.execute(f"SELECT {inside} FROM {readable.relation()}").fetchall()[0]
        if (n_parsed, n_expected) != (n_lines - breaks, n_delimiters - marks):
            raise Distrusted
        return bool(breaks == 0)

    # ------------------------------------------------------------ parts

    def _part_name(self, feed: Feed) -> str:
        return f"{feed.entity.name}/{self.source.instance}-{self.token}.parquet"

    def _write_part(self, select: str, feed: Feed) -> tuple[int, int]:
        """Writes the sound rows of a part beside its place; rows selected and rows flagged bad."""
        target = self.home.raw / self._part_name(feed)
        writing = target.with_name(f"{target.name}.writing")
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staged[writing] = target
        # Flags that are NULL cost nothing to write.
        flagged = f"SELECT * REPLACE (nullif(_bad, false) AS _bad) FROM ({select})"
        self.connection.execute(f"COPY ({flagged}) TO {sql.text(str(writing))} ({PARQUET})")
        source = f"read_parquet({sql.path(writing)}, hive_partitioning=false)"
        n, n_bad = self.connection.execute(f"SELECT count(*), count(_bad) FROM {source}").fetchall()[0]
        if n_bad:
            sound = self.scratch / "sound"
            self.connection.execute(
                f"COPY (SELECT * FROM {source} WHERE _bad IS NULL) TO {sql.text(str(sound))} ({PARQUET})"
            )
            sound.replace(writing)
        return n, n_bad

    def discard(self) -> None:
        """Removes what was written and not moved into place."""
        for writing in self.staged:
            writing.unlink(missing_ok=True)
        self.staged.clear()

    def _move_into_place(self) -> None:
        for writing, target in self.staged.items():
            # The manifest must not survive a power cut that its parts did not.
            handle = os.open(writing, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
            writing.replace(target)
        self.staged.clear()

    # ------------------------------------------------------------ quarantine

    def _refused(self, reason: str) -> _Outcome:
        self.discard()
        self._start_quarantine()
        self.connection.execute("INSERT INTO faults VALUES (?, NULL, '', ?, '')", [self._label(), reason])
        return {
            "status": "quarantined",
            "reason": reason,
            "n_read": 0,
            "n_damaged": 0,
            "parts": (),
            "columns_missing": (),
            "columns_extra": (),
            "quarantine": self._write_quarantine(),
        }

    def _label(self) -> str:
        return ", ".join(feed.entity.name for feed in self.source.feeds[self.file_set])

    def _start_quarantine(self) -> None:
        columns = ", ".join(f"{sql.name(c)} {t}" for c, t in list(QUARANTINE_COLUMNS.items())[3:])
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE faults (entity VARCHAR, {columns})")

    def _collect(self, readable: Readable, faulty: list[tuple[Feed, mapping.Compiled]]) -> None:
        """Names the place of every fault; in the engine, because a file can be all faults."""
        self._start_quarantine()
        if readable.damage:
            self.connection.register("damage", _damage_table(readable.damage))
            self.connection.execute(
                "INSERT INTO faults SELECT ?, line, '', reason, '' FROM damage", [self._label()]
            )
        if readable.record_lines is not None:
            lines = np.asarray(readable.record_lines)
            self.connection.register(
                "lines", pa.table({"record": np.arange(1, len(lines) + 1), "line": lines})
            )
        for feed, query in faulty:
            found = f"({query.faults}) AS f(record, column_name, reason, masked_value)"
            line, joined = f"f.record + {readable.n_header_lines}", ""
            if readable.record_lines is not None:
                line, joined = "lines.line", " JOIN lines USING (record)"
            self.connection.execute(
                f"INSERT INTO faults SELECT ?, {line}, column_name, reason, coalesce(masked_value, '') "
                f"FROM {found}{joined}",
                [feed.entity.name],
            )

    def _write_quarantine(self) -> str:
        name = f"{self.source.instance}/{self.token}.parquet"
        target = self.home.quarantine / name
        writing = target.with_name(f"{target.name}.writing")
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staged[writing] = target
        instance, file = sql.text(self.source.instance), sql.text(self.file.name)
        self.connection.execute(
            f"COPY (SELECT {instance} AS source_instance, entity, {file} AS source_file, * EXCLUDE (entity) "
            f"FROM faults ORDER BY line, entity, column_name) TO {sql.text(str(writing))} ({PARQUET})"
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
