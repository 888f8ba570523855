"""Landing: delivered files become Parquet parts behind the manifest, bad rows go to quarantine.

A crash at any moment leaves either a committed delivery or nothing that counts. Small files of
one layout are landed together, batches in parallel up to the cores, and committed in file order.
"""

import shutil
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby, islice, takewhile
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from orchestration.base import durable, failures
from orchestration.base import progress as messages
from orchestration.base.engine import bytes_of
from orchestration.errors import RunError
from orchestration.landing import compaction, export_file, file_identity, files
from orchestration.landing.batches import (
    Batch,
    KnownFiles,
    MemoryLimitReached,
    PendingFiles,
    SplitBatch,
    short_digest,
)
from orchestration.landing.engines import Engine
from orchestration.landing.export_file import ExportFile, FileNotReady
from orchestration.landing.manifest import IGNORED, KNOWN, LANDED, Commit, DeliveryRecord, Manifest
from orchestration.landing.opening import BATCH_BYTES, PACKED_RATIO
from orchestration.landing.parts import PARQUET
from orchestration.landing.people import hashing
from orchestration.settings import Home
from orchestration.sources.source_files import Source

# Files up to this size are landed together, so many at a time.
SMALL_BYTES = 16_000_000
BATCH_FILES = 2_000
_FEWEST = 2
"""Batches that can be landed side by side."""


@dataclass
class LandingSummary:
    """What landing one source did; `unchanged` counts files already known.

    `known` are files whose content landed before, under another name or within a longer file; `ignored`
    those that hold no rows. `postponed` names files that could not be judged this time, each with the reason:
    nothing of them was committed, and the next run looks at them again.
    """

    deliveries: list[DeliveryRecord] = field(default_factory=list)
    unchanged: int = 0
    postponed: list[tuple[str, str]] = field(default_factory=list)
    known: list[DeliveryRecord] = field(default_factory=list)
    ignored: list[DeliveryRecord] = field(default_factory=list)


@dataclass
class LandingProgress:
    """How far landing has come; `group` is about to be landed. Bytes are those of the files as they lie."""

    source: Source
    file_set: str
    group: list[ExportFile]
    n_bytes_due: int
    n_bytes_done: int = 0
    n_rows: int = 0
    seconds: float = 0.0


Progress = Callable[[LandingProgress], None]


def land(
    sources: Iterable[Source],
    exports: Path,
    home: Home,
    *,
    salt: bytes,
    memory_limit: str = "4GB",
    threads: int = 2,
    staff_ids: hashing.StaffIds = "hashed",
    progress: Progress = lambda advance: None,
) -> list[LandingSummary]:
    """Lands every new or changed file of the sources.

    Raises:
        ConfigurationError: the exports folder does not exist, or the raw zone was landed with another salt.
        FaultlineError: the disk is full or refuses; what was landed before stays.
    """
    sources = list(sources)
    for old in (one for source in sources for one in source.old_settings):
        messages.warn(f"{old.file}:{old.line}: {old.problem} {old.remedy}")
    files.require_folder(exports)
    try:
        manifest = Manifest(home.state)
        hashing.require_same_salt(salt, manifest.salt, home.root)
        fingerprint = hashing.salt_fingerprint(salt)
        if not manifest.salt:
            manifest.append(Commit(salt=fingerprint))
        _drop_orphans(home, manifest)
        with _scratch(home), _engines(home, salt, memory_limit, threads, staff_ids) as engines:
            landing = _Landing(
                exports,
                fingerprint if staff_ids == "hashed" else f"{fingerprint}-clear",
                sources,
                engines,
                manifest=manifest,
                progress=progress,
            )
            landed = landing.run()
            landing.require_mended()
            _report_outdated(home, landing.outdated())
            if any(one.deliveries for one in landed.values()):
                engines[0].limit_to_share(1)
                compaction.compact(engines[0].connection, home, manifest, PARQUET)
            return list(landed.values())
    except OSError as error:
        raise failures.explained(error, home.root) from error


@contextmanager
def _engines(
    home: Home, salt: bytes, memory_limit: str, threads: int, staff_ids: hashing.StaffIds
) -> Iterator[list[Engine]]:
    """One engine for each core that may be used."""
    limits = (bytes_of(memory_limit), threads)
    engines = [
        Engine(home, salt, home.scratch / f"duckdb-{i}", limits, staff_ids) for i in range(max(1, threads))
    ]
    try:
        yield engines
    finally:
        for engine in engines:
            engine.close()


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


_MOST_ROUNDS = 8


class _Landing:
    """Lands pending files in rounds: a file whose content a longer new file repeats waits for that file.

    `hashing_fingerprint` changes with the salt and with whether ids of staff are hashed; then everything
    lands anew.
    """

    def __init__(
        self,
        exports: Path,
        hashing_fingerprint: str,
        sources: list[Source],
        engines: list[Engine],
        *,
        manifest: Manifest,
        progress: Progress,
    ) -> None:
        self.exports, self.hashing_fingerprint, self.sources = exports, hashing_fingerprint, sources
        self.engines, self.manifest, self.progress = engines, manifest, progress
        self.landed = {source.instance: LandingSummary() for source in sources}
        self.closed = files.closed_folders(exports)
        self._gone: dict[str, DeliveryRecord] = {}
        self._damaged = manifest.damaged(engines[0].home.raw, engines[0].home.quarantine)
        if self._damaged:
            first = min(self._damaged.values())
            messages.warn(f"{first} is missing or damaged. The files that its rows are from land again.")

    def outdated(self) -> list[DeliveryRecord]:
        """Deliveries that other code or another mapping landed, that count, and whose files are gone."""
        live = self.manifest.live()
        return [delivery for token, delivery in self._gone.items() if token in live]

    def require_mended(self) -> None:
        """Stops the run where rows are lost whose export is gone.

        Raises:
            RunError: with the damaged file and the export that would mend it.
        """
        live = self.manifest.live()
        for token, place in sorted(self._damaged.items()):
            if token in live:
                raise RunError(
                    f"{place} is missing or damaged, and {live[token].file}, which its rows are from, is no "
                    "longer among the exports. Deliver that file again, or restore the damaged one from a "
                    "backup, then run again."
                )

    def _distrusted(self, delivery: DeliveryRecord) -> DeliveryRecord:
        """The delivery, as if other code had landed it where its rows are damaged: then it lands anew."""
        is_damaged = not self._damaged.keys().isdisjoint((delivery.delivery_id, *delivery.covers))
        return replace(delivery, fingerprint="") if is_damaged else delivery

    def run(self) -> dict[str, LandingSummary]:
        """What was done, by source."""
        is_waiting = self._round()
        n_unchanged = {name: one.unchanged for name, one in self.landed.items()}
        for _ in range(_MOST_ROUNDS):
            n_commits = len(self.manifest.commits)
            if not is_waiting:
                break
            for one in self.landed.values():
                one.postponed.clear()
            is_waiting = self._round()
            if len(self.manifest.commits) == n_commits:
                break
        for name, n in n_unchanged.items():
            self.landed[name].unchanged = n
        return self.landed

    def _round(self) -> bool:
        """Lands the pending files of this round; returns whether other files wait for them."""
        known, live = self.manifest.newest(), self.manifest.live()
        if self._damaged:
            known = {key: self._distrusted(delivery) for key, delivery in known.items()}
            live = {token: self._distrusted(delivery) for token, delivery in live.items()}
        is_waiting, pending = False, []
        for source in self.sources:
            for file_set in source.document.files:
                one, parted = self._pending(source, file_set, known, live)
                pending.append(one)
                is_waiting |= bool(parted.within)
                same = [_same(one, *each) for each in parted.known]
                if same:
                    self.manifest.append(Commit(deliveries=tuple(same)))
                    self.landed[source.instance].known += same
                    messages.say(_nothing_new(same))
        for one in pending:
            self.landed[one.source.instance].unchanged += one.n_unchanged
        self._land_all(known, pending)
        return is_waiting

    def _pending(
        self, source: Source, file_set: str, known: KnownFiles, live: dict[str, DeliveryRecord]
    ) -> tuple[PendingFiles, file_identity.Sorted]:
        pending = PendingFiles(
            source, file_set, short_digest(source.fingerprint(file_set), self.hashing_fingerprint)
        )
        options, place = source.document.files[file_set], (source.instance, file_set)
        found = files.discover(self.exports, source, file_set)
        postponed = self.landed[source.instance].postponed
        for folder, reason in self.closed:
            if files.leads_into(options.glob, folder) and (folder, reason) not in postponed:
                postponed.append((folder, reason))

        own = {token: d for token, d in live.items() if d.key[:2] == place}
        names = {file.name for file in found}
        self._gone |= {
            token: d
            for token, d in own.items()
            if d.fingerprint != pending.fingerprint and d.file not in names
        }
        new, unchanged = _new_and_unchanged(found, place, known, pending.fingerprint)
        about_to_go = {known[key].delivery_id for f in new if (key := (*place, f.name)) in known}
        held = own.keys() | {token for d in own.values() for token in d.covers}
        for file, earlier in unchanged:
            if earlier.status == KNOWN and not _is_held(earlier, held, about_to_go, options.appends):
                new.append(file)
            else:
                pending.n_unchanged += 1
        if options.appends:
            before = [
                d for d in self.manifest.deliveries if d.key[:2] == place and d.status in (LANDED, KNOWN)
            ]
            lying = [(file, own[d.delivery_id]) for file, d in unchanged if d.delivery_id in own]
            parted = file_identity.by_content(
                new, file_identity.Earlier(before, own, lying), pending.fingerprint
            )
        else:
            zone = source.zone(file_set)
            fresh = [file for file in new if (*place, file.name) not in known]
            parted = file_identity.by_path(
                fresh,
                own.values(),
                [file.name for file in found],
                pending.fingerprint,
                lambda file: files.delivered_at(file, options.delivered_at_pattern, zone),
            )
            for file in new:
                if was := known.get((*place, file.name)):
                    # A file that was moved takes the place of what landed under its old name.
                    moved = (token for token in was.covers if was.status == KNOWN and token in own)
                    covers = tuple(token for token in moved if own[token].file not in names)
                    parted.due.append((file, file_identity.Identity(covers=covers)))
        pending.files = sorted((file for file, _ in parted.due), key=found.index)
        pending.identities = {file.name: one for file, one in parted.due}
        return pending, parted

    def _land_all(self, known: KnownFiles, pending: list[PendingFiles]) -> None:
        tasks = deque(_task(one, group) for one in pending for group in _groups(one.files))
        n_bytes = sum(task.n_bytes for task in tasks)
        began, done, n_rows = time.perf_counter(), 0, 0
        pool = ThreadPoolExecutor(len(self.engines))
        try:
            workers = _Workers(self.engines, pool, known)
            while tasks:
                workers.start(tasks)
                task = tasks.popleft()
                source, seconds = task.pending.source, time.perf_counter() - began
                self.progress(
                    LandingProgress(source, task.pending.file_set, task.group, n_bytes, done, n_rows, seconds)
                )
                if task.result is None:
                    raise RuntimeError("the first batch was not started")
                try:
                    commit = task.result.result()
                except SplitBatch as divided:
                    tasks.extendleft(_task(task.pending, group) for group in reversed(divided.groups))
                    continue
                except FileNotReady as reason:
                    if isinstance(reason, MemoryLimitReached) and not task.is_alone:
                        tasks.appendleft(_Task(task.pending, task.group, is_alone=True))
                        continue
                    (file,) = task.group
                    self.landed[source.instance].postponed.append((file.name, str(reason)))
                else:
                    self.manifest.append(commit)
                    ignored = [delivery for delivery in commit.deliveries if delivery.status == IGNORED]
                    self.landed[source.instance].ignored += ignored
                    self.landed[source.instance].deliveries += [
                        d for d in commit.deliveries if d.status != IGNORED
                    ]
                    n_rows += sum(delivery.n_landed for delivery in commit.deliveries)
                done += task.n_bytes
        finally:
            pool.shutdown(cancel_futures=True)


def _report_outdated(home: Home, outdated: list[DeliveryRecord]) -> None:
    """Reports once which content cannot be landed again because its export is gone."""
    note = home.state / "outdated"
    state = short_digest(*sorted(d.delivery_id for d in outdated)) if outdated else ""
    try:
        noted = note.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        noted = ""
    if state == noted:
        return
    for instance, group in groupby(sorted(outdated, key=lambda d: d.key), key=lambda d: d.source_instance):
        first, *others = [delivery.file for delivery in group]
        them, they_are = ("them", "are") if others else ("it", "is")
        more = f" and {len(others):,} more" if others else ""
        messages.say(
            f"{first}{more} of {instance} landed under another mapping or version of Faultline, and "
            f"{they_are} no longer among the exports: the rows stay as they were. "
            f"Deliver {them} again to land {them} anew."
        )
    durable.write(note, state)


def _new_and_unchanged(
    found: list[ExportFile], place: tuple[str, str], known: KnownFiles, fingerprint: str
) -> tuple[list[ExportFile], list[tuple[ExportFile, DeliveryRecord]]]:
    new: list[ExportFile] = []
    unchanged: list[tuple[ExportFile, DeliveryRecord]] = []
    for file in found:
        earlier = known.get((*place, file.name))
        if earlier is not None and _is_same(earlier, file, fingerprint):
            unchanged.append((file, earlier))
        else:
            new.append(file)
    return new, unchanged


def _is_held(
    earlier: DeliveryRecord, held: Container[str], about_to_go: Container[str], appends: bool
) -> bool:
    """Whether what landed under another name is still there, and stays."""
    (holder,) = earlier.covers
    return holder in held and (appends or holder not in about_to_go)


def _nothing_new(same: list[DeliveryRecord]) -> str:
    first = same[0]
    more = f", and {len(same) - 1:,} more like it" if len(same) > 1 else ""
    return f"{first.file} adds nothing: {first.reason}{more}."


def _same(
    pending: PendingFiles, file: ExportFile, own: file_identity.Identity, holder: DeliveryRecord
) -> DeliveryRecord:
    return replace(
        holder,
        delivery_id=short_digest(
            pending.source.instance,
            pending.file_set,
            file.name,
            file.size,
            file.modified_ns,
            holder.delivery_id,
        ),
        file=file.name,
        size=file.size,
        modified_ns=file.modified_ns,
        fingerprint=pending.fingerprint,
        status=KNOWN,
        reason=f"its content landed with {holder.file}",
        n_read=0,
        n_damaged=0,
        counts=(),
        columns_missing=(),
        columns_extra=(),
        supersedes="",
        n_bytes=own.n_bytes,
        content=own.content,
        head=own.head,
        covers=(holder.delivery_id,),
    )


@dataclass
class _Task:
    """A batch that waits for its turn, or is being landed; alone, or beside others."""

    pending: PendingFiles
    group: list[ExportFile]
    is_alone: bool
    result: "Future[Commit] | None" = None

    @property
    def n_bytes(self) -> int:
        """Bytes of the files as they lie."""
        return sum(file.size for file in self.group)


def _task(pending: PendingFiles, group: list[ExportFile]) -> _Task:
    return _Task(pending, group, is_alone=sum(file.size for file in group) > BATCH_BYTES)


class _Workers:
    """Lands batches side by side; a large one has the machine for itself."""

    def __init__(self, engines: list[Engine], pool: ThreadPoolExecutor, known: KnownFiles) -> None:
        self._n, self._pool, self._known = len(engines), pool, known
        self._idle: SimpleQueue[Engine] = SimpleQueue()
        for engine in engines:
            self._idle.put(engine)

    def start(self, tasks: Iterable[_Task]) -> None:
        """Starts as many of the first batches as there is room for, the very first one always."""
        first = list(islice(tasks, 2 * self._n))
        beside = list(takewhile(lambda task: not task.is_alone, first))
        if len(beside) < _FEWEST and first[0].result is None:
            first[0].is_alone, beside = True, first[:1]
            wait([task.result for task in first if task.result])
        for task in beside:
            if task.result is None:
                task.result = self._pool.submit(self._land, task, 1 if task.is_alone else self._n)

    def _land(self, task: _Task, n_beside: int) -> Commit:
        engine = self._idle.get()
        try:
            engine.limit_to_share(n_beside)
            with TemporaryDirectory(dir=engine.home.scratch) as scratch:
                batch = Batch(engine, task.pending, task.group, Path(scratch))
                try:
                    return batch.run(self._known)
                finally:
                    batch.discard()
        finally:
            self._idle.put(engine)


def _groups(pending: list[ExportFile]) -> list[list[ExportFile]]:
    """Small files together, others alone, in the order of names."""
    groups: list[list[ExportFile]] = []
    n_bytes = 0
    for file in pending:
        size = file.size if export_file.is_plain(file) else file.size * PACKED_RATIO
        is_small = size <= SMALL_BYTES and not file.problem
        fits = groups and len(groups[-1]) < BATCH_FILES and n_bytes + size <= BATCH_BYTES
        if is_small and fits:
            groups[-1].append(file)
            n_bytes += size
        else:
            groups.append([file])
            n_bytes = size if is_small else BATCH_BYTES
    return groups


def _is_same(earlier: DeliveryRecord, file: ExportFile, fingerprint: str) -> bool:
    return (earlier.size, earlier.modified_ns, earlier.fingerprint) == (
        file.size,
        file.modified_ns,
        fingerprint,
    )
