"""A batch lands files of one layout together, as Parquet parts and quarantine.

Rows in = rows landed + rows filtered by `where` + rows quarantined, always. A batch whose files turn out to
differ is split into smaller batches, at last into single files.
"""

import errno
import hashlib
import re
from array import array
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.base import durable, sql
from orchestration.landing import export_file, files, opening, parts, quarantine, row_counts, text_files
from orchestration.landing import working_columns as work
from orchestration.landing.engines import Engine
from orchestration.landing.export_file import ExportFile, FileNotReady, UnreadableFile
from orchestration.landing.file_identity import Identity
from orchestration.landing.manifest import IGNORED, LANDED, QUARANTINED, Commit, Count, DeliveryRecord, Part
from orchestration.landing.opening import BATCH_BYTES, PACKED_RATIO, BatchFile
from orchestration.landing.people import hashing
from orchestration.landing.plan import mapping
from orchestration.landing.read import (
    documents,
    engine_errors,
    json_keys,
    line_by_line,
    relations,
    workbooks,
)
from orchestration.landing.read.relations import FileRelation, Origin
from orchestration.landing.row_counts import FileProfiles
from orchestration.landing.text_files import FileProfile
from orchestration.sources.file_settings import DELIMITED
from orchestration.sources.source_files import Feed, Source

_OWN_DISK = re.compile(r"could not write|no space left|quota", re.IGNORECASE)


class RowCountMismatch(Exception):  # noqa: N818 - not a fault: the file is then read line by line
    """The rows of the fast reader do not account for the file; it is read line by line instead."""


class MemoryLimitReached(FileNotReady):
    """A single file needs more memory than the limit allows."""


class SplitBatch(Exception):  # noqa: N818 - not a fault: the files are landed in smaller groups
    """The files of a batch differ; each of `groups` is landed as a batch of its own."""

    def __init__(self, groups: Iterable[list[ExportFile]]) -> None:
        super().__init__()
        self.groups = [group for group in groups if group]


@dataclass
class _FileResult:
    """What became of the records of one file."""

    n_read: int = 0
    n_damaged: int = 0
    counts: tuple[Count, ...] = ()


@dataclass
class _BatchResult:
    """Result of a batch: results of its files by delivery id, and the other values of its commit."""

    outcomes: dict[str, _FileResult] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    columns_missing: tuple[str, ...] = ()
    columns_extra: tuple[str, ...] = ()
    quarantine: str = ""


KnownFiles = dict[tuple[str, str, str], DeliveryRecord]
"""The newest delivery of each file, by source instance, file set and name."""


@dataclass
class PendingFiles:
    """New files of one file set; `fingerprint` covers the mapping, the code and the salt that hashes.

    `identities` holds by name what is known of the content of a file.
    """

    source: Source
    file_set: str
    fingerprint: str
    files: list[ExportFile] = field(default_factory=list)
    n_unchanged: int = 0
    identities: dict[str, Identity] = field(default_factory=dict)


class Batch:
    """Lands files of one layout; `staged` maps each file that is being written to its final place."""

    def __init__(
        self,
        engine: Engine,
        pending: PendingFiles,
        group: list[ExportFile],
        scratch: Path,
    ) -> None:
        source, file_set = pending.source, pending.file_set
        self.engine, self.home = engine, engine.home
        self.source, self.file_set, self.group, self.scratch = source, file_set, group, scratch
        self.fingerprint, self.identities = pending.fingerprint, pending.identities
        self.options = source.document.files[file_set]
        self.shapes = source.shapes(file_set)
        self.form = (
            documents.layout_of_records(source, file_set) if self.options.is_json else documents.JsonLayout()
        )
        self.recasts = False
        self.keeps_new = self.options.keep_unmapped
        # A feed of every record yields their number; others would need a scan for it.
        self.feeds = sorted(source.feeds[file_set], key=lambda feed: bool(feed.where or feed.table.rows))
        self.staged: dict[Path, Path] = {}
        self.members: dict[str, BatchFile] = {}
        self.token = ""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB, a new one after an internal error."""
        return self.engine.connection

    def run(self, known: KnownFiles) -> Commit:
        """Lands the files, or quarantines the one that cannot be read.

        Raises:
            SplitBatch: the files differ in layout, or one of several is damaged.
            FileNotReady: the one file is out of reach, changes, or needs more memory than there is.
            OSError: the disk is full.
        """
        for file in self.group:
            member = self._member(file, known)
            self.members[member.token] = member
        self.token = short_digest(*self.members)
        try:
            return self._run()
        except FileNotFoundError:
            self._settle()
            raise

    def _run(self) -> Commit:
        self._open()
        result = _BatchResult()
        first = next(iter(self.members.values()))
        if first.foreign:
            self._settle()
            return Commit((self._delivery(first.token, first.foreign, result, IGNORED),))
        problem = first.reason
        if not problem:
            try:
                relation = self._open_relation()
                self._require_columns(relation)
                result = self._landed(relation)
            except UnreadableFile as error:
                self.engine.reconnect_if_closed()
                self._split_in_half()
                problem = str(error)
            except duckdb.OutOfMemoryException as error:
                self._split_in_half()
                raise MemoryLimitReached("it needs more memory; raise FAULTLINE_MEMORY_LIMIT") from error
        if problem:
            self._measure(first)
            result = _BatchResult(quarantine=self._refused(problem))
        self._settle()
        self._move_into_place()
        status = QUARANTINED if problem else LANDED
        deliveries = tuple(self._delivery(token, problem, result, status) for token in self.members)
        return Commit(deliveries, result.parts, result.quarantine)

    def _member(self, file: ExportFile, known: KnownFiles) -> BatchFile:
        earlier = known.get((self.source.instance, self.file_set, file.name))
        supersedes = earlier.delivery_id if earlier else ""
        token = short_digest(
            self.source.instance,
            self.file_set,
            file.name,
            file.size,
            file.modified_ns,
            self.fingerprint,
            supersedes,
        )
        is_plain = export_file.is_plain(file)
        member = BatchFile(file, token, supersedes, file.modified_at)
        member.was_landed = earlier is not None and earlier.is_landed
        member.n_bytes = file.size if is_plain else file.size * PACKED_RATIO
        try:
            zone = self.source.zone(self.file_set)
            member.delivered_at = files.delivered_at(file, self.options.delivered_at_pattern, zone)
        except ValueError:
            member.reason = "`delivered_at_pattern` finds no real date in its name; correct the pattern"
        return member

    def _measure(self, member: BatchFile) -> None:
        """Counts the lines of a refused text file: the best estimate of its rows."""
        if member.path is None or self.options.format not in (*DELIMITED, "jsonl"):
            return
        found = text_files.inspect(member.path)
        if found.is_clean_text:
            n_top = self.options.n_top_lines
            member.n_lines = found.n_lines - n_top if found.n_lines > n_top else found.n_lines

    def _delivery(self, token: str, problem: str, result: _BatchResult, status: str) -> DeliveryRecord:
        identity = self.identities.get(self.members[token].file.name, Identity())
        member, outcome = self.members[token], result.outcomes.get(token, _FileResult())
        file = member.file
        return DeliveryRecord(
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
            status=status,
            reason=problem,
            n_read=outcome.n_read,
            n_damaged=outcome.n_damaged,
            counts=outcome.counts,
            columns_missing=result.columns_missing,
            columns_extra=result.columns_extra,
            supersedes=member.supersedes,
            n_bytes=identity.n_bytes or member.n_bytes,
            n_lines=member.n_lines,
            content=identity.content,
            head=identity.head,
            appends=self.options.appends,
            covers=identity.covers,
        )

    def _settle(self) -> None:
        """Computes missing digests, and makes sure that no file changed since it was found."""
        changed = []
        for token, member in self.members.items():
            if member.file.problem:
                continue
            try:
                member.digest = member.digest or files.digest(member.file)
                files.require_unchanged(member.file)
            except FileNotReady:
                if len(self.group) == 1:
                    raise
                changed.append(token)
        if changed:
            self._split_off(changed)

    # ------------------------------------------------------------ dividing

    def _split(self, *groups: list[ExportFile]) -> None:
        """Splits this batch into smaller ones; does nothing for a single file."""
        if len(self.group) > 1:
            raise SplitBatch(groups)

    def _split_off(self, tokens: Container[str]) -> None:
        """Splits this batch: each of these files alone, and the others together."""
        rest = [member.file for token, member in self.members.items() if token not in tokens]
        alone = [[member.file] for token, member in self.members.items() if token in tokens]
        self._split(rest, *alone)

    def _split_in_half(self) -> None:
        middle = len(self.group) // 2
        self._split(self.group[:middle], self.group[middle:])

    # ------------------------------------------------------------ opening

    def _open(self) -> None:
        """Unpacks and transcodes every file; splits the batch where the files differ in layout."""
        by_key: dict[str, list[ExportFile]] = {}
        n_bytes = 0
        for i, (token, member) in enumerate(self.members.items()):
            try:
                if not member.reason:
                    opening.require_openable(member.file)
                    member.path = opening.plain(member.file, self.scratch / str(i), self.options)
                    member.n_bytes = member.path.stat().st_size
                    member.foreign = opening.foreign(member, self.options)
                    opening.unwrap(member, self.scratch / f"{i}.records", self.options, self.form)
                    n_bytes += member.path.stat().st_size
            except UnreadableFile as error:
                member.reason = str(error)
            except FileNotReady:
                self._split_off([token])
                raise
            if n_bytes > PACKED_RATIO * BATCH_BYTES:
                self._split_in_half()
            if len(self.group) > 1:
                by_key.setdefault(opening.batch_key(member, self.options), []).append(member.file)
        alone = [[file] for file in by_key.pop("", [])]
        if alone or len(by_key) > 1:
            self._split(*by_key.values(), *alone)

    def _open_relation(self) -> FileRelation:
        """The files as one relation; JSON with another layout or spelling of keys is rewritten first."""
        try:
            relation = self._opened()
        except UnreadableFile:
            # The engine reads no document beyond a limit; one by one, its records are short.
            if not self.form.page or any(member.rewritten for member in self.members.values()):
                raise
            self._rewrite_all(recasts=False)
            relation = self._opened()
        if self.options.is_json and documents.varies(relation.paths, self.form, relation.keys):
            if relation.layout == "newline_delimited" and not self._is_rewritten:
                self.recasts = True
            else:
                self._rewrite_all(recasts=True)
                relation = self._opened()
        damaged = {t for t, member in self.members.items() if member.rewritten and member.rewritten.damage}
        if damaged or self.options.is_workbook:
            self._split_off(damaged)
            (member,) = self.members.values()
            if member.rewritten:
                relation.record_lines = member.rewritten.numbers
                relation.damage = [relations.Damage(*one) for one in member.rewritten.damage]
        return relation

    @property
    def _is_rewritten(self) -> bool:
        return all(member.rewritten for member in self.members.values())

    def _rewrite_all(self, *, recasts: bool) -> None:
        for i, member in enumerate(self.members.values()):
            opening.rewrite(member, self.scratch / f"{i}.anew", self.form, recasts=recasts)

    def _opened(self) -> FileRelation:
        members = self.members.values()
        options = self.options
        if options.is_workbook:
            options = workbooks.csv_options(options)
        elif self._is_rewritten:
            options = options.model_copy(update={"format": "jsonl"})
        # Of several keys of JSON any may be the one that is there.
        needed = [
            column
            for feed in self.feeds
            for name, read in feed.columns.items()
            if not feed.is_optional(name) and (not self.options.is_json or len(read) == 1)
            for column in read
        ]
        return relations.open_relation(
            self.connection,
            tuple(member.path for member in members if member.path),
            tuple(
                Origin(member.file.name, member.token, member.delivered_at.replace(tzinfo=None))
                for member in members
            ),
            options,
            needed=needed,
            shapes=self.shapes,
        )

    def _require_columns(self, relation: FileRelation) -> None:
        if not relation.types:
            return  # JSON lines that only the line-by-line reader can separate
        for feed in self.feeds:
            gaps = mapping.missing_columns(feed, relation)
            for name in (*feed.table.required, "where", "rows"):
                if name in gaps:
                    columns = ", ".join(repr(column) for column in gaps[name])
                    # The message quotes no column that was found: without a header it may be somebody's data.
                    raise UnreadableFile(
                        f"column {columns} is missing, which {feed.table.name}.{name} needs "
                        f"({len(relation.types)} columns found); {self._way_out(relation)}"
                    )

    def _way_out(self, relation: FileRelation) -> str:
        mismatch = documents.described(relation.paths[0], self.form) if self.options.is_json else ""
        return mismatch or f"correct the {'mapping' if self.options.is_json else 'delimiter or the mapping'}"

    # ------------------------------------------------------------ landing

    def _landed(self, relation: FileRelation) -> _BatchResult:
        delimiter = relation.options.delimiter if relation.is_delimited else ""
        paths = relation.paths
        inspection = self.engine.pool.submit(lambda: [text_files.inspect(path, delimiter) for path in paths])

        def inspected() -> dict[str, FileProfile]:
            return dict(zip(self.members, inspection.result(), strict=True))

        try:
            result = self._land_with_fallbacks(relation, inspected)
        finally:
            inspection.exception()  # its files must not vanish under it
        for token, found in inspected().items():
            member = self.members[token]
            member.digest = found.digest if member.path == member.file.path else ""
        return result

    def _land_with_fallbacks(self, relation: FileRelation, inspected: FileProfiles) -> _BatchResult:
        """Lands with the fast reader; if that fails, untyped; if that fails, line by line."""
        if self.recasts:
            self._split_in_half()
            return self._land_line_by_line(relation, inspected)
        times = mapping.plain_times(self.feeds, self.options)
        try:
            return self._land_relation(relations.with_times(self.connection, relation, times), inspected)
        except (RowCountMismatch, *engine_errors.ENGINE_ERRORS) as error:
            self._reraise_environment_error(error)
            first = error
        if engine_errors.is_about_kinds(first):
            try:
                return self._land_without_new_columns(relation.untyped(), inspected)
            except (RowCountMismatch, *engine_errors.ENGINE_ERRORS) as error:
                self._reraise_environment_error(error)
                first = error
        self._split_in_half()
        is_of_lines = relation.options.format in (*DELIMITED, "jsonl") and relation.layout != "array"
        if not is_of_lines or self.options.is_workbook:
            raise UnreadableFile(engine_errors.first_line(first)) from first
        return self._land_line_by_line(relation, inspected)

    def _land_line_by_line(self, relation: FileRelation, inspected: FileProfiles) -> _BatchResult:
        names = self.form.names
        careful = line_by_line.copy_sound_records(
            relation,
            self.scratch / "careful",
            self.shapes,
            (lambda text: json_keys.recast_line(text, names)) if self.recasts else None,
        )
        if relation.record_lines is not None and careful.record_lines is not None:
            numbers = relation.record_lines  # what was written anew before had other places
            careful.record_lines = array("q", (numbers[line - 1] for line in careful.record_lines))
            moved = [relations.Damage(numbers[one.line - 1], one.reason) for one in careful.damage]
            careful.damage = sorted([*relation.damage, *moved], key=lambda one: one.line)
        if self.recasts:
            spelled = {sql.folded(name): name for name in names}
            careful.types = {spelled.get(sql.folded(n), n): kind for n, kind in careful.types.items()}
        if not careful.types:
            raise UnreadableFile("no line holds a JSON object; correct `format`")
        self._require_columns(careful)
        try:
            return self._land_without_new_columns(careful, inspected)
        except engine_errors.ENGINE_ERRORS as error:
            self._reraise_environment_error(error)
            raise UnreadableFile(engine_errors.first_line(error)) from error

    def _land_without_new_columns(self, relation: FileRelation, inspected: FileProfiles) -> _BatchResult:
        """Lands again without new columns where one of them, such as a key written twice, cannot be read."""
        try:
            return self._land_relation(relation, inspected)
        except engine_errors.ENGINE_ERRORS as error:
            if not (self.keeps_new and engine_errors.is_about_kinds(error)) or len(self.group) > 1:
                raise
            self._reraise_environment_error(error)
        self.keeps_new = False
        return self._land_relation(relation, inspected)

    def _reraise_environment_error(self, error: Exception) -> None:
        """Reraises a full disk or too little memory: neither is a fault of the file."""
        self.engine.reconnect_if_closed()
        if isinstance(error, engine_errors.OWN_ERRORS):
            raise error
        if isinstance(error, duckdb.IOException) and _OWN_DISK.search(str(error)):
            raise OSError(errno.ENOSPC, "the disk is full") from error

    def _land_relation(self, relation: FileRelation, inspected: FileProfiles) -> _BatchResult:
        """Lands every feed of the files.

        Raises:
            RowCountMismatch: the rows do not account for the file, or the lines of faults are unknown.
            SplitBatch: some of several files are like that, or hold no sound row.
        """
        if not relation.types:
            raise RowCountMismatch
        if relation.members:
            self.connection.register(relation.members, relation.member_table())
        extra = self._new_columns(relation)
        keepers = self._feeds_with_new_columns() if extra and self.keeps_new else []
        compiled = [
            (feed, self._compiled(feed, relation, extra if feed in keepers else ())) for feed in self.feeds
        ]
        n_records = self._counted_first(relation, compiled)
        tokens = tuple(self.members)
        counts: dict[str, list[Count]] = {token: [] for token in self.members}
        written = [
            self._write_feed(feed, query, relation, extra if feed in keepers else ())
            for feed, query in compiled
        ]
        compiled = [(feed, query) for feed, query, _ in written]
        for feed, query, part in written:
            n_selected = {token: n for token, (n, _) in part.rows.items()}
            if query.is_every_record:
                if n_records and n_selected != n_records:
                    raise RowCountMismatch
                n_records = n_selected
            n_all = n_records
            if feed.table.rows:
                n_all = self._counts(query.count_all) if feed.where else n_selected
            for token in self.members:
                n, n_bad = part.rows.get(token, (0, 0))
                n_filtered = n_all.get(token, 0) - n
                by_field = (
                    tuple(sorted(one.get(token, {}).items())) for one in (part.placeholders, part.personal)
                )
                counts[token].append(Count(feed.table.full_name, n - n_bad, n_filtered, n_bad, *by_field))
        reconciled = row_counts.reconcile(self.connection, relation, n_records, inspected)
        if reconciled.odd:
            self._split_off(reconciled.odd)
            raise RowCountMismatch
        outcomes = {
            token: _FileResult(n_records.get(token, 0), 0, tuple(counts[token])) for token in self.members
        }
        if relation.damage:
            (outcome,) = outcomes.values()
            outcome.n_read += len(relation.damage)
            outcome.n_damaged = len(relation.damage)
        self._isolate_unmappable(relation, outcomes)
        faulty = [
            (feed, query)
            for i, (feed, query) in enumerate(compiled)
            if any(outcome.counts[i].n_quarantined for outcome in outcomes.values())
        ]
        quarantined = ""
        if relation.damage or faulty:
            if not reconciled.is_one_line_each:
                self._split_in_half()
                raise RowCountMismatch
            counted = {token: n_records.get(token, 0) for token in self.members}
            bad = [(feed.table.name, query) for feed, query in faulty]
            quarantine.collect(self.connection, relation, bad, counted, self._label())
            quarantined = self._write_quarantine()
        missing = sorted({column for _, query in compiled for column in query.missing})
        return _BatchResult(
            outcomes,
            tuple(
                Part(feed.table.full_name, self._part_name(feed), part.n_rows, part.n_bytes, tokens)
                for feed, _, part in written
                if part.n_rows
            ),
            tuple(missing),
            tuple(map(hashing.shown, extra)),
            quarantined,
        )

    def _counted_first(
        self, relation: FileRelation, compiled: list[tuple[Feed, mapping.Compiled]]
    ) -> dict[str, int]:
        """Records of each file, where they must be known before landing; empty where landing counts them.

        Lines of one of several files are counted from the records of the files before it, in the order of
        `members`.
        """
        has_lines = bool(relation.members) and any(feed.table.has_lines for feed in self.feeds)
        if not has_lines and any(query.is_every_record for _, query in compiled):
            return {}
        n_records = self._counts(relation.counts())
        if has_lines:
            before = accumulate((n_records.get(token, 0) for token in self.members), initial=0)
            numbers = list(before)[:-1]
            columns = {work.origin_column("_delivery_id"): list(self.members), work.N_BEFORE: numbers}
            self.connection.register(mapping.FILES_BEFORE, pa.table(columns))
        return n_records

    def _isolate_unmappable(self, relation: FileRelation, outcomes: dict[str, _FileResult]) -> None:
        """Splits off JSON files without a sound row or a needed key: alone, each gets a reason of its own."""
        if not self.options.is_json or len(self.group) == 1:
            return
        unmappable = {
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
            rows = relation.rows(names)
            query = f"SELECT {relations.DELIVERY} FROM {rows} GROUP BY ALL HAVING NOT ({has_all})"
            unmappable.update(token for (token,) in self.connection.execute(query).fetchall())
        if unmappable:
            self._split_off(unmappable)

    def _new_columns(self, relation: FileRelation) -> tuple[str, ...]:
        used = {c for feed in self.feeds for c in feed.referenced()}
        used |= {c.lower() for c in self.options.ignore_columns}
        used |= {other.lower() for c in used for other in relation.same_name.get(sql.folded(c), ())}
        return tuple(sorted(c for c in relation.types if c.lower() not in used))

    def _feeds_with_new_columns(self) -> list[Feed]:
        """Feeds that keep new columns: the first of every record, else all that take some records."""
        of_records = [feed for feed in self.feeds if not feed.table.rows]
        return [feed for feed in of_records if not feed.where][:1] or of_records or self.feeds

    def _compiled(
        self, feed: Feed, relation: FileRelation, new: tuple[str, ...], codes: Container[str] = ()
    ) -> mapping.Compiled:
        try:
            return mapping.compile_feed(
                self.connection, self.source, self.file_set, feed, relation, new=new, codes=codes
            )
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise UnreadableFile(f"{feed.table.name}: {engine_errors.first_line(error)}") from error

    def _counts(self, query: str) -> dict[str, int]:
        return dict(self.connection.execute(query).fetchall())

    # ------------------------------------------------------------ parts

    def _part_name(self, feed: Feed) -> str:
        schema = feed.table.schema.removeprefix("raw_")
        return f"{schema}/{feed.table.name}/{self.source.instance}-{self.token}.parquet"

    def _write_feed(
        self, feed: Feed, query: mapping.Compiled, relation: FileRelation, new: tuple[str, ...]
    ) -> tuple[Feed, mapping.Compiled, parts.Written]:
        """Writes the part of a feed; once more where what seemed numbers with lost digits were codes."""
        written = self._write_part(query.landed, feed)
        if any(n_bad for _, n_bad in written.rows.values()):
            codes = {name for (name,) in self.connection.execute(query.codes).fetchall()}
            if codes:
                query = self._compiled(feed, relation, new, codes)
                written = self._write_part(query.landed, feed)
        return feed, query, written

    def _write_part(self, select: str, feed: Feed) -> parts.Written:
        """Writes the sound rows of a part beside its place; leaves nothing where there are none."""
        target = self.home.raw / self._part_name(feed)
        writing = target.with_name(f"{target.name}.writing")
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staged[writing] = target
        written = parts.write(self.connection, select, writing, self.scratch / "sound")
        if not written.n_rows:
            del self.staged[writing]
        return written

    def discard(self) -> None:
        """Removes what was written and not moved into place."""
        for writing in self.staged:
            writing.unlink(missing_ok=True)
        self.staged.clear()

    def _move_into_place(self) -> None:
        for writing, target in self.staged.items():
            durable.put_in_place(writing, target)
        self.staged.clear()

    # ------------------------------------------------------------ quarantine

    def _refused(self, reason: str) -> str:
        self.discard()
        quarantine.refuse(self.connection, list(self.members), self._label(), reason)
        return self._write_quarantine()

    def _label(self) -> str:
        return ", ".join(feed.table.name for feed in self.source.feeds[self.file_set])

    def _write_quarantine(self) -> str:
        name = f"{self.source.instance}/{self.token}.parquet"
        target = self.home.quarantine / name
        writing = target.with_name(f"{target.name}.writing")
        target.parent.mkdir(parents=True, exist_ok=True)
        self.staged[writing] = target
        names = {token: member.file.name for token, member in self.members.items()}
        quarantine.write(self.connection, writing, self.source.instance, names, parts.PARQUET)
        return name


def short_digest(*parts: object) -> str:
    """The first 20 hex digits of the SHA-256 of some parts, joined by NUL bytes."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]
