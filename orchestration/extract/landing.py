"""Landing: delivered files become Parquet parts behind the manifest, bad rows go to quarantine.

Rows in = rows landed + rows filtered by `where` + rows quarantined, always. A crash at any moment
leaves either a committed delivery or nothing that counts.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Iterator

import duckdb

from orchestration.errors import ConfigurationError
from orchestration.extract import files, mapping, privacy, reading, sql
from orchestration.extract.files import Bytes, Delivered, UnreadableFile
from orchestration.extract.manifest import Delivery, Manifest, Part
from orchestration.extract.reading import Damage, Readable
from orchestration.extract.sources import Feed, Source
from orchestration.settings import Home

PARQUET = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
QUARANTINE_COLUMNS = {
    "source_instance": "VARCHAR",
    "entity": "VARCHAR",
    "source_file": "VARCHAR",
    "line": "BIGINT",
    "column_name": "VARCHAR",
    "reason": "VARCHAR",
    "masked_value": "VARCHAR",
}


@dataclass(frozen=True)
class Landed:
    """What landing one source did; `unchanged` counts files already known."""

    deliveries: tuple[Delivery, ...]
    unchanged: int


class Distrusted(Exception):
    """The fast reader's result does not agree with the file; it must be read carefully."""


Progress = Callable[[Source, str, Delivered], None]


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
    """
    if not exports.is_dir():
        raise ConfigurationError(f"{exports} is no folder. Point --exports to where the exports arrive.")
    manifest = Manifest(home.state)
    _drop_orphans(home, manifest)
    with _engine(home, salt, memory_limit, threads) as connection:
        return [_land_source(connection, source, exports, home, manifest, progress) for source in sources]


@contextmanager
def _engine(home: Home, salt: bytes, memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = {sql.text(str(home.scratch))}")
        connection.execute(f"SET memory_limit = {sql.text(memory_limit)}")
        connection.execute(f"SET threads = {threads}")
        connection.execute("SET TimeZone = 'UTC'")
        privacy.install(connection, salt)
        yield connection
    shutil.rmtree(home.scratch, ignore_errors=True)


def _drop_orphans(home: Home, manifest: Manifest) -> None:
    """Removes parts that no line of the manifest names, left by a run that was killed."""
    named = {part.path for delivery in manifest.lines for part in delivery.parts}
    for path in home.raw.rglob("*.parquet*"):
        if path.relative_to(home.raw).as_posix() not in named:
            path.unlink()
    kept = {delivery.quarantine for delivery in manifest.lines}
    for path in home.quarantine.rglob("*.parquet*"):
        if path.relative_to(home.quarantine).as_posix() not in kept:
            path.unlink()


def _land_source(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    exports: Path,
    home: Home,
    manifest: Manifest,
    progress: Progress,
) -> Landed:
    known = manifest.newest()
    deliveries: list[Delivery] = []
    unchanged = 0
    for file_set in source.document.files:
        fingerprint = source.fingerprint(file_set)
        for file in files.discover(exports, source, file_set):
            earlier = known.get((source.instance, file_set, file.name))
            if earlier is not None and _is_same(earlier, file, fingerprint):
                unchanged += 1
                continue
            progress(source, file_set, file)
            delivery = _Landing(connection, source, file_set, file, home).run(earlier)
            manifest.append(delivery)
            deliveries.append(delivery)
    return Landed(tuple(deliveries), unchanged)


def _is_same(earlier: Delivery, file: Delivered, fingerprint: str) -> bool:
    return (earlier.size, earlier.modified_ns, earlier.fingerprint) == (file.size, file.modified_ns, fingerprint)


class _Landing:
    """One file on its way into the raw zone."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, source: Source, file_set: str, file: Delivered, home: Home
    ) -> None:
        self.connection, self.source, self.file_set, self.file, self.home = connection, source, file_set, file, home
        self.options = source.document.files[file_set]
        self.feeds = source.feeds[file_set]
        self.delivered_at = files.delivered_at(file, self.options.delivered)
        self.token = _token(source.instance, file_set, file.name, file.modified_ns, source.fingerprint(file_set))

    def run(self, earlier: Delivery | None) -> Delivery:
        digest = ""
        try:
            path = self._plain()
            with ThreadPoolExecutor(1) as pool:
                inspection = pool.submit(files.inspect, path)
                landed = self._land(path, inspection.result)
                digest = inspection.result().digest
            outcome = {"status": "landed", "reason": "", **landed}
        except UnreadableFile as error:
            outcome = self._refused(str(error))
        except duckdb.Error as error:
            outcome = self._refused(f"cannot be read: {reading.first_line(error)}")
        return Delivery(
            delivery_id=self.token,
            source_instance=self.source.instance,
            centre=self.source.centre,
            file_set=self.file_set,
            file=self.file.name,
            digest=digest or _digest(self.file.path),
            size=self.file.size,
            modified_ns=self.file.modified_ns,
            delivered_at=self.delivered_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            fingerprint=self.source.fingerprint(self.file_set),
            supersedes=earlier.delivery_id if earlier else "",
            **outcome,
        )

    def _refused(self, reason: str) -> dict[str, object]:
        rows = [(self._label(), None, "", reason, "")]
        return {
            "status": "quarantined",
            "reason": reason,
            "n_read": 0,
            "n_damaged": 0,
            "parts": (),
            "columns_missing": (),
            "columns_extra": (),
            "quarantine": self._write_quarantine(rows),
        }

    def _label(self) -> str:
        return ", ".join(feed.entity.name for feed in self.feeds)

    def _plain(self) -> Path:
        """The file as plain UTF-8 text with line feeds (or Parquet), unpacked where it is packed."""
        path = self.file.path
        if not files.is_plain(self.file):
            path = files.unpack(self.file, self.home.scratch / f"{self.token}.unpacked")
        if self.options.format == "parquet":
            return path
        codec = files.needs_transcoding(path, self.options.encoding)
        if codec:
            path = files.transcode(path, codec, self.home.scratch / f"{self.token}.utf8")
        return path

    def _land(self, path: Path, inspected: Callable[[], Bytes]) -> dict[str, object]:
        readable = reading.open_readable(self.connection, path, self.options)
        self._stop_if_lost(readable)
        try:
            return self._land_readable(readable, inspected)
        except (Distrusted, duckdb.Error):
            found = inspected()
            if found.n_newlines == 0 and found.n_returns > 0:
                path = files.transcode(path, "utf-8", self.home.scratch / f"{self.token}.lines")
                readable = reading.open_readable(self.connection, path, self.options)
                return self._land_readable(readable, lambda: files.inspect(path))
            careful = reading.rewrite_carefully(readable, self.home.scratch / f"{self.token}.careful")
            self._stop_if_lost(careful)
            return self._land_readable(careful, inspected)

    def _stop_if_lost(self, readable: Readable) -> None:
        if readable.options.format == "jsonl" and not readable.types:
            return
        for feed in self.feeds:
            gaps = mapping.missing_columns(feed, readable.types)
            lost = [f for f in feed.entity.required if f in gaps]
            if lost:
                columns = ", ".join(repr(c) for f in lost for c in gaps[f])
                found = ", ".join(repr(c) for c in list(readable.types)[:8])
                raise UnreadableFile(
                    f"column {columns} is missing, which {feed.entity.name}.{lost[0]} needs "
                    f"(found: {found}); correct the delimiter or the mapping"
                )

    def _land_readable(self, readable: Readable, inspected: Callable[[], Bytes]) -> dict[str, object]:
        """Lands every feed of a readable file.

        Raises:
            Distrusted: the counts do not agree, or lines of faults could not be named.
        """
        self.connection.execute("DROP TABLE IF EXISTS rejects")
        self.connection.execute("DROP TABLE IF EXISTS reject_scans")
        parts: list[Part] = []
        faults = [(self._label(), d.line, "", d.reason, "") for d in readable.damage]
        n_parsed = -1
        missing: set[str] = set()
        for feed in self.feeds:
            compiled = mapping.compile_feed(
                self.connection, self.source, self.file_set, feed, readable,
                file_name=self.file.name, delivery_id=self.token,
                delivered_at=self.delivered_at.astimezone(UTC).replace(tzinfo=None),
            )
            missing.update(compiled.missing)
            if n_parsed < 0:
                n_parsed, kept = self._first_scan(compiled, feed)
                self._reconcile(readable, n_parsed, inspected)
            else:
                kept = self._write_part(compiled.landed, feed)
            n_selected, n_bad = kept
            if n_bad:
                faults += self._faults_of(feed, compiled, readable, inspected)
                self._drop_bad_rows(feed)
            parts.append(Part(feed.entity.name, self._part_name(feed), n_selected - n_bad, n_parsed - n_selected, n_bad))
        for part in parts:
            target = self.home.raw / part.path
            os.replace(f"{target}.writing", target)
        used = {c for feed in self.feeds for c in feed.referenced()}
        return {
            "n_read": n_parsed + len(readable.damage),
            "n_damaged": len(readable.damage),
            "parts": tuple(parts),
            "columns_missing": tuple(sorted(missing)),
            "columns_extra": tuple(sorted(c for c in readable.types if c.lower() not in used)),
            "quarantine": self._write_quarantine(faults) if faults else "",
        }

    def _first_scan(self, compiled: mapping.Compiled, feed: Feed) -> tuple[int, tuple[int, int]]:
        """Records parsed, and what the first feed kept: without a filter the part itself tells."""
        if not compiled.has_filter:
            kept = self._write_part(compiled.storing_rejects(compiled.landed), feed)
            return kept[0], kept
        count = self._count(compiled.storing_rejects(compiled.count_all))
        return count, self._write_part(compiled.landed, feed)

    def _count(self, query: str) -> int:
        return int(self.connection.execute(query).fetchall()[0][0])

    def _reconcile(self, readable: Readable, n_parsed: int, inspected: Callable[[], Bytes]) -> None:
        """Trusts the fast reader only when its rows account for every line of the file."""
        options = readable.options
        if options.format in ("json", "parquet"):
            return
        if readable.record_lines is not None:
            if n_parsed != len(readable.record_lines):
                raise UnreadableFile(
                    f"{len(readable.record_lines) - n_parsed} records could not be accounted for"
                )
            return
        found = inspected()
        n_lines = found.n_newlines + (0 if found.ends_with_newline else 1)
        if found.has_long_line:
            raise Distrusted
        if options.format == "jsonl":
            if n_parsed != n_lines:
                raise Distrusted
            return
        if self._count("SELECT count(*) FROM rejects"):
            raise Distrusted
        if n_parsed != n_lines - 1:
            columns = " + ".join(
                f"coalesce(length({c}) - length(replace({c}, chr(10), '')), 0)" for c in map(sql.name, readable.types)
            )
            query = f"SELECT coalesce(sum({columns}), 0) FROM {readable.relation()}"
            if n_parsed != n_lines - 1 - self._count(query):
                raise Distrusted

    def _part_name(self, feed: Feed) -> str:
        return f"{feed.entity.name}/{self.source.instance}-{self.token}.parquet"

    def _write_part(self, select: str, feed: Feed) -> tuple[int, int]:
        """Writes a part beside its place; rows selected and rows flagged bad."""
        target = self.home.raw / self._part_name(feed)
        target.parent.mkdir(parents=True, exist_ok=True)
        writing = sql.text(f"{target}.writing")
        self.connection.execute(f"COPY ({select}) TO {writing} ({PARQUET})")
        row = self.connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE _bad) FROM read_parquet({writing})"
        ).fetchall()[0]
        return row[0], row[1]

    def _drop_bad_rows(self, feed: Feed) -> None:
        target = self.home.raw / self._part_name(feed)
        writing, sound = f"{target}.writing", f"{target}.sound"
        self.connection.execute(
            f"COPY (SELECT * FROM read_parquet({sql.text(writing)}) WHERE NOT _bad) TO {sql.text(sound)} ({PARQUET})"
        )
        os.replace(sound, writing)

    def _faults_of(
        self, feed: Feed, compiled: mapping.Compiled, readable: Readable, inspected: Callable[[], Bytes]
    ) -> list[tuple[str, int | None, str, str, str]]:
        lines = readable.record_lines
        if lines is None and readable.options.format == "jsonl":
            raise Distrusted  # a malformed line looks like a row of nulls: only the careful reader knows
        if lines is None and readable.is_delimited:
            found = inspected()
            n_lines = found.n_newlines + (0 if found.ends_with_newline else 1)
            if self._count(compiled.count_all) != n_lines - 1:
                raise Distrusted  # line breaks inside values: records and lines differ
        rows = self.connection.execute(compiled.faults).fetchall()
        header = 1 if readable.is_delimited else 0
        return [
            (feed.entity.name, lines[record - 1] if lines is not None else record + header, column, reason, masked or "")
            for record, column, reason, masked in rows
        ]

    def _write_quarantine(self, rows: list[tuple[str, int | None, str, str, str]]) -> str:
        name = f"{self.source.instance}/{self.token}.parquet"
        target = self.home.quarantine / name
        target.parent.mkdir(parents=True, exist_ok=True)
        columns = ", ".join(f"{sql.name(c)} {t}" for c, t in QUARANTINE_COLUMNS.items())
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE faults ({columns})")
        full = [(self.source.instance, entity, self.file.name, *rest) for entity, *rest in rows]
        self.connection.executemany("INSERT INTO faults VALUES (?, ?, ?, ?, ?, ?, ?)", full)
        self.connection.execute(f"COPY faults TO {sql.text(str(target))} ({PARQUET})")
        return name


def _token(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]


def _digest(path: Path) -> str:
    return files.inspect(path).digest


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
