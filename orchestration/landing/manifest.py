"""The manifest: one appended line commits what it names, all or nothing. What no line names does not exist.

A commit holds the deliveries of one or more files and the parts that their rows are in, or the parts that
compaction put in the place of others. The newest delivery of a file wins, so a file delivered again with
other content replaces the earlier one.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from orchestration.base import durable
from orchestration.errors import RunError

MANIFEST_NAME = "manifest.jsonl"
_PARQUET = b"PAR1"
LANDED = "landed"
QUARANTINED = "quarantined"
IGNORED = "ignored"
"""A file beside exports that holds no rows, such as a picture; nothing of it counts."""
KNOWN = "known"
"""A file whose content landed under another name, or within a longer file; the reason names it."""


@dataclass(frozen=True)
class Count:
    """What became of the rows of one delivery that a raw table is made of; `table` has its schema.

    `placeholders` counts, by field, landed rows whose time is a placeholder; `personal` those with a
    value that was hashed or masked because it held personal data.
    """

    table: str
    n_landed: int
    n_filtered: int
    n_quarantined: int
    placeholders: tuple[tuple[str, int], ...] = ()
    personal: tuple[tuple[str, int], ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows there were."""
        return self.n_landed + self.n_filtered + self.n_quarantined


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivered file, landed, quarantined whole, or of no account.

    `n_read` counts records of the file, `n_damaged` those that could not be read at all. Every record is a
    row of a table, unless the table takes its rows from lists inside: then for each count n_read =
    n_damaged + n_landed + n_filtered + n_quarantined. Times are ISO 8601 in UTC.

    `n_bytes` is the size of the content, out of its archive; `n_lines` counts the lines of a refused text.
    `content` is the digest of that content and `head` one of its beginning, where they were needed. A file
    of a set that `appends` leaves what its path held before, but for the deliveries that it `covers`: its
    content begins with theirs, or is theirs.
    """

    delivery_id: str
    source_instance: str
    centre: str
    file_set: str
    file: str
    digest: str
    size: int
    modified_ns: int
    delivered_at: str
    fingerprint: str
    status: str
    reason: str = ""
    n_read: int = 0
    n_damaged: int = 0
    counts: tuple[Count, ...] = ()
    columns_missing: tuple[str, ...] = ()
    columns_extra: tuple[str, ...] = ()
    supersedes: str = ""
    n_bytes: int = 0
    n_lines: int = 0
    content: str = ""
    head: str = ""
    appends: bool = False
    covers: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What a later line must share to replace this one."""
        return self.source_instance, self.file_set, self.file

    @property
    def is_landed(self) -> bool:
        """Whether its rows are in the raw zone."""
        return self.status == LANDED

    @property
    def n_landed(self) -> int:
        """Rows of it in all raw tables."""
        return sum(count.n_landed for count in self.counts)

    @property
    def n_quarantined(self) -> int:
        """Rows in quarantine, records that could not be read among them."""
        return self.n_damaged + sum(count.n_quarantined for count in self.counts)


@dataclass(frozen=True)
class Part:
    """A Parquet file with rows of one table; `path` is relative to the raw folder."""

    table: str
    path: str
    n_rows: int
    n_bytes: int
    deliveries: tuple[str, ...]


@dataclass(frozen=True)
class Commit:
    """One line of the manifest.

    `quarantine` is the file with the faults of the deliveries, relative to the quarantine folder; `removed`
    names parts whose rows stand in `parts` from now on. `salt` is the fingerprint of the salt that all later
    commits hash with; the salt itself is never written here.
    """

    deliveries: tuple[DeliveryRecord, ...] = ()
    parts: tuple[Part, ...] = ()
    quarantine: str = ""
    removed: tuple[str, ...] = ()
    salt: str = ""


def _written(commit: Commit) -> bytes:
    """The line of a commit; what is as usual is left out, because there may be thousands of deliveries."""
    own = [delivery.delivery_id for delivery in commit.deliveries]
    document: dict[str, Any] = {
        "deliveries": [_without_defaults(delivery) for delivery in commit.deliveries],
        "parts": [
            {**asdict(part), "deliveries": None if list(part.deliveries) == own else part.deliveries}
            for part in commit.parts
        ],
        "quarantine": commit.quarantine,
        "removed": commit.removed,
        **({"salt": commit.salt} if commit.salt else {}),
    }
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def _without_defaults(delivery: DeliveryRecord) -> dict[str, Any]:
    values = {f.name: getattr(delivery, f.name) for f in fields(delivery)}
    values["counts"] = [_without_empty_end(list(asdict(count).values())) for count in delivery.counts]
    usual = {f.name: f.default for f in fields(delivery) if f.default is not MISSING}
    return {
        name: value for name, value in values.items() if name not in usual or value not in (usual[name], [])
    }


def _without_empty_end(values: list[Any]) -> list[Any]:
    while values[-1] == ():
        values.pop()
    return values


def _count(table: str, n_landed: int, n_filtered: int, n_quarantined: int, *rest: Any) -> Count:
    by_field = (tuple((field, n) for field, n in found) for found in rest)
    return Count(table, n_landed, n_filtered, n_quarantined, *by_field)


def _read(line: bytes) -> Commit:
    raw = json.loads(line)
    deliveries = []
    for one in raw["deliveries"]:
        one["counts"] = tuple(_count(*count) for count in one.get("counts", ()))
        for name in ("columns_missing", "columns_extra", "covers"):
            one[name] = tuple(one.get(name, ()))
        deliveries.append(DeliveryRecord(**one))
    own = tuple(delivery.delivery_id for delivery in deliveries)
    parts = tuple(
        Part(**{**one, "deliveries": own if one["deliveries"] is None else tuple(one["deliveries"])})
        for one in raw["parts"]
    )
    return Commit(tuple(deliveries), parts, raw["quarantine"], tuple(raw["removed"]), raw.get("salt", ""))


class Manifest:
    """Reads and appends `state/manifest.jsonl`."""

    def __init__(self, state: Path) -> None:
        self.path = state / MANIFEST_NAME
        self.commits: list[Commit] = list(self._read())

    def _read(self) -> Iterable[Commit]:
        if not self.path.exists():
            return
        whole = self.path.read_bytes()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            # A line cut by a crash was never committed; its parts are orphans.
            with self.path.open("r+b") as file:
                file.truncate(end)
        for number, line in enumerate(whole[:end].split(b"\n")[:-1], 1):
            try:
                yield _read(line)
            except (ValueError, TypeError, KeyError) as error:
                raise RunError(
                    f"{self.path}:{number} cannot be read. Restore the file from a backup, or delete it "
                    "together with the raw folder to land everything anew."
                ) from error

    def append(self, commit: Commit) -> None:
        """Commits: on disk before this returns."""
        if not self.path.exists():
            durable.write(self.path, "")  # its name is on the disk before the first commit
        with self.path.open("ab") as file:
            file.write(_written(commit))
            file.flush()
            durable.sync(file.fileno())
        self.commits.append(commit)

    @property
    def salt(self) -> str:
        """Fingerprint of the salt that the raw zone was landed with; empty where that is not known."""
        return next((commit.salt for commit in reversed(self.commits) if commit.salt), "")

    @property
    def deliveries(self) -> list[DeliveryRecord]:
        """Every delivery there ever was, in order."""
        return [delivery for commit in self.commits for delivery in commit.deliveries]

    def newest(self) -> dict[tuple[str, str, str], DeliveryRecord]:
        """The newest delivery of every file, landed or not."""
        return {delivery.key: delivery for delivery in self.deliveries}

    def live(self) -> dict[str, DeliveryRecord]:
        """The landed deliveries whose rows count, by id.

        Of a file it is the newest: a broken re-delivery keeps the last good one. Of files that append all
        count but those that others cover.
        """
        by_key: dict[tuple[str, str, str], dict[str, DeliveryRecord]] = {}
        covered: set[str] = set()
        for delivery in self.deliveries:
            if not delivery.is_landed:
                continue
            covered.update(delivery.covers)
            if not delivery.appends:
                by_key[delivery.key] = {}
            by_key.setdefault(delivery.key, {})[delivery.delivery_id] = delivery
        return {
            token: delivery
            for kept in by_key.values()
            for token, delivery in kept.items()
            if token not in covered
        }

    def current(self) -> dict[str, DeliveryRecord]:
        """The deliveries that say how the exports stand, by id.

        They are the newest of every file that is an export, and further ones whose rows count.
        """
        newest = {d.delivery_id: d for d in self.newest().values() if d.status in (LANDED, QUARANTINED)}
        live = self.live()
        covered = {token for d in live.values() for token in d.covers}
        kept = {token: d for token, d in newest.items() if not d.appends or token not in covered}
        return kept | {token: d for token, d in live.items() if d.appends}

    def replaced(self, deliveries: Iterable[DeliveryRecord]) -> list[tuple[DeliveryRecord, DeliveryRecord]]:
        """Of deliveries those whose file came before with other content, each after the earlier one."""
        by_id = {delivery.delivery_id: delivery for delivery in self.deliveries}
        pairs = [
            (by_id[one.supersedes], one)
            for one in deliveries
            if one.supersedes in by_id and (not one.appends or one.supersedes in one.covers)
        ]
        return [(earlier, one) for earlier, one in pairs if earlier.digest != one.digest]

    def parts(self) -> list[Part]:
        """Every part that has not been removed."""
        removed = {path for commit in self.commits for path in commit.removed}
        return [part for commit in self.commits for part in commit.parts if part.path not in removed]

    def damaged(self, raw: Path, quarantine: Path) -> dict[str, Path]:
        """Deliveries whose rows or faults lie in a file that is missing or not whole, each with that file."""
        live = self.live()
        needed = (live.keys() | self.current().keys()) - {one for d in live.values() for one in d.covers}
        found: dict[str, Path] = {}
        for part in self.parts():
            tokens = needed & set(part.deliveries)
            if tokens and _size(raw / part.path) != part.n_bytes:
                found |= dict.fromkeys(tokens, raw / part.path)
        for commit in self.quarantines():
            tokens = needed & {delivery.delivery_id for delivery in commit.deliveries}
            if tokens and not _is_whole(quarantine / commit.quarantine):
                found |= dict.fromkeys(tokens, quarantine / commit.quarantine)
        return found

    def quarantines(self) -> list[Commit]:
        """The commits that have a file of faults."""
        return [commit for commit in self.commits if commit.quarantine]

    def quarantines_of(self, deliveries: Iterable[DeliveryRecord]) -> list[Commit]:
        """The commits whose file of faults holds rows of any of these deliveries."""
        ids = {delivery.delivery_id for delivery in deliveries}
        return [c for c in self.quarantines() if not ids.isdisjoint(d.delivery_id for d in c.deliveries)]


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _is_whole(parquet: Path) -> bool:
    """Whether a file ends as Parquet does; its last bytes are written last."""
    if (_size(parquet) or 0) < 2 * len(_PARQUET):
        return False
    with parquet.open("rb") as file:
        file.seek(-len(_PARQUET), os.SEEK_END)
        return file.read() == _PARQUET


def forget(state: Path) -> None:
    """Forgets everything that ever landed: parts that no manifest names go with the next landing."""
    (state / MANIFEST_NAME).unlink(missing_ok=True)
