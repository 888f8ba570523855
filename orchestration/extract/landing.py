"""Landing: delivered files become Parquet parts behind the manifest, bad rows go to quarantine.

A crash at any moment leaves either a committed delivery or nothing that counts. Small files alike are landed
together, batches side by side up to the cores, and committed in the order of their files.
"""

import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice, takewhile
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from orchestration import progress as told
from orchestration.base.engine import bytes_of
from orchestration.errors import ConfigurationError, RunError
from orchestration.extract import compaction, files, privacy
from orchestration.extract.batch import (
    BATCH_BYTES,
    PACKED_RATIO,
    PARQUET,
    Batch,
    Divided,
    Due,
    Engine,
    Known,
    MemoryNeeded,
    token_of,
)
from orchestration.extract.files import Delivered, UnsettledFile
from orchestration.extract.manifest import Commit, Delivery, Manifest
from orchestration.extract.sources import Source
from orchestration.settings import Home

# Files up to this size are landed together, so many at a time.
SMALL_BYTES = 16_000_000
BATCH_FILES = 2_000
_FEWEST = 2
"""Batches that can be landed side by side."""


@dataclass
class Landed:
    """What landing one source did; `unchanged` counts files already known.

    `postponed` names files that could not be judged this time, each with the reason: nothing of
    them was committed, and the next run looks at them again.
    """

    deliveries: list[Delivery] = field(default_factory=list)
    unchanged: int = 0
    postponed: list[tuple[str, str]] = field(default_factory=list)


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
        with _scratch(home), _engines(home, salt, memory_limit, threads) as engines:
            known, salt_id = manifest.newest(), privacy.salt_id(salt)
            due = [
                _due(exports, salt_id, source, file_set, known)
                for source in sources
                for file_set in source.document.files
            ]
            landed = _land_all(engines, manifest, known, due, progress)
            if any(one.deliveries for one in landed):
                engines[0].share(1)
                compaction.compact(engines[0].connection, home, manifest, PARQUET)
            return landed
    except OSError as error:
        place = error.filename or home.root
        raise RunError(f"Landing stopped at {place}: {error.strerror}. Mend that, then run again.") from error


@contextmanager
def _engines(home: Home, salt: bytes, memory_limit: str, threads: int) -> Iterator[list[Engine]]:
    """One engine for each core that may be used."""
    limits = (bytes_of(memory_limit), threads)
    engines = [Engine(home, salt, home.scratch / f"duckdb-{i}", limits) for i in range(max(1, threads))]
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


def _due(exports: Path, salt_id: str, source: Source, file_set: str, known: Known) -> Due:
    due = Due(source, file_set, token_of(source.fingerprint(file_set), salt_id))
    for file in files.discover(exports, source, file_set):
        earlier = known.get((source.instance, file_set, file.name))
        if earlier is not None and _is_same(earlier, file, due.fingerprint):
            due.n_unchanged += 1
        else:
            due.files.append(file)
    return due


@dataclass
class _Task:
    """A batch that waits for its turn, or is being landed; alone, or beside others."""

    due: Due
    group: list[Delivered]
    is_alone: bool
    result: "Future[Commit] | None" = None

    @property
    def n_bytes(self) -> int:
        """Bytes of the files as they lie."""
        return sum(file.size for file in self.group)


def _task(due: Due, group: list[Delivered]) -> _Task:
    return _Task(due, group, is_alone=sum(file.size for file in group) > BATCH_BYTES)


class _Workers:
    """Lands batches side by side; a large one has the machine for itself."""

    def __init__(self, engines: list[Engine], pool: ThreadPoolExecutor, known: Known) -> None:
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
            engine.share(n_beside)
            with TemporaryDirectory(dir=engine.home.scratch) as scratch:
                batch = Batch(engine, task.due, task.group, Path(scratch))
                try:
                    return batch.run(self._known)
                finally:
                    batch.discard()
        finally:
            self._idle.put(engine)


def _land_all(
    engines: list[Engine], manifest: Manifest, known: Known, due: list[Due], progress: Progress
) -> list[Landed]:
    landed: dict[str, Landed] = {}
    for one in due:
        landed.setdefault(one.source.instance, Landed()).unchanged += one.n_unchanged
    tasks = deque(_task(one, group) for one in due for group in _groups(one.files))
    n_bytes = sum(task.n_bytes for task in tasks)
    began, done, n_rows = time.perf_counter(), 0, 0
    pool = ThreadPoolExecutor(len(engines))
    try:
        workers = _Workers(engines, pool, known)
        while tasks:
            workers.start(tasks)
            task = tasks.popleft()
            source, seconds = task.due.source, time.perf_counter() - began
            progress(Advance(source, task.due.file_set, task.group, n_bytes, done, n_rows, seconds))
            if task.result is None:
                raise RuntimeError("the first batch was not started")
            try:
                commit = task.result.result()
            except Divided as divided:
                tasks.extendleft(_task(task.due, group) for group in reversed(divided.groups))
                continue
            except UnsettledFile as reason:
                if isinstance(reason, MemoryNeeded) and not task.is_alone:
                    tasks.appendleft(_Task(task.due, task.group, is_alone=True))
                    continue
                (file,) = task.group
                landed[source.instance].postponed.append((file.name, str(reason)))
                told.say(f"Left {file.name} for the next run: {reason}.")
            else:
                manifest.append(commit)
                landed[source.instance].deliveries += commit.deliveries
                n_rows += sum(delivery.n_landed for delivery in commit.deliveries)
            done += task.n_bytes
    finally:
        pool.shutdown(cancel_futures=True)
    return list(landed.values())


def _groups(due: list[Delivered]) -> list[list[Delivered]]:
    """Small files together, others alone, in the order of names."""
    groups: list[list[Delivered]] = []
    n_bytes = 0
    for file in due:
        size = file.size if files.is_plain(file) else file.size * PACKED_RATIO
        is_small = size <= SMALL_BYTES and not file.problem
        fits = groups and len(groups[-1]) < BATCH_FILES and n_bytes + size <= BATCH_BYTES
        if is_small and fits:
            groups[-1].append(file)
            n_bytes += size
        else:
            groups.append([file])
            n_bytes = size if is_small else BATCH_BYTES
    return groups


def _is_same(earlier: Delivery, file: Delivered, fingerprint: str) -> bool:
    return (earlier.size, earlier.modified_ns, earlier.fingerprint) == (
        file.size,
        file.modified_ns,
        fingerprint,
    )


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
