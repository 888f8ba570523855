"""What a file is, whatever it is called: logs rotate, files are moved and packed, content stays.

Files of a set that appends are known by their content: one that begins with what landed before takes its
place, one that holds nothing new adds nothing, any other adds its rows. Files of other sets are known by
their path; one that turned up in the place of another, with its digest and its date of delivery, is that one.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from orchestration.landing import archives, export_file, files
from orchestration.landing.export_file import ExportFile, FileNotReady, UnreadableFile
from orchestration.landing.manifest import DeliveryRecord
from orchestration.sources.file_settings import MEMBER_SEPARATOR

_HEAD_BYTES = 4096


@dataclass(frozen=True)
class Identity:
    """The content of a file: digest and bytes out of its archive, digest of its beginning (empty if short).

    `covers` are the deliveries whose rows it holds too.
    """

    content: str = ""
    n_bytes: int = 0
    head: str = ""
    covers: tuple[str, ...] = ()


@dataclass
class Sorted:
    """New files by what is to become of them.

    `known` are files, each with the landed delivery that holds its content; `within` those whose content a
    longer new file has, which must land first.
    """

    due: list[tuple[ExportFile, Identity]] = field(default_factory=list)
    known: list[tuple[ExportFile, Identity, DeliveryRecord]] = field(default_factory=list)
    within: list[tuple[ExportFile, ExportFile]] = field(default_factory=list)


@dataclass(frozen=True)
class Earlier:
    """What a file set holds so far: every delivery that landed or was known by its content, those whose rows
    count by id, and files that lie there unchanged with what landed of them.
    """

    deliveries: Sequence[DeliveryRecord]
    live: Mapping[str, DeliveryRecord]
    unchanged: Sequence[tuple[ExportFile, DeliveryRecord]] = ()


def by_content(new: Sequence[ExportFile], earlier: Earlier, fingerprint: str) -> Sorted:
    """Sorts new files of a set that appends."""
    with_content = [one for one in earlier.deliveries if one.content]
    found = Sorted()
    profiles: dict[ExportFile, Identity] = {}
    prefixes: dict[ExportFile, dict[int, str]] = {}
    for file in new:
        try:
            profiles[file], prefixes[file] = _profile(file, with_content)
        except (UnreadableFile, FileNotReady, OSError):
            found.due.append((file, Identity()))  # landing says what is wrong
    kept: list[ExportFile] = []
    for file in sorted(profiles, key=lambda one: (-profiles[one].n_bytes, one.name)):
        own = profiles[file]
        same = [one for one in with_content if prefixes[file].get(one.n_bytes) == one.content]
        holder = _holder(own, same, earlier.live, fingerprint) or _on_disk(own, earlier)
        longer = next((other for other in kept if _begins_with(other, profiles[other], own)), None)
        if holder is not None:
            found.known.append((file, own, holder))
        elif longer is not None:
            found.within.append((file, longer))
        else:
            kept.append(file)
            covers = tuple(one.delivery_id for one in same if one.delivery_id in earlier.live)
            found.due.append((file, replace(own, covers=covers)))
    return found


def _holder(
    own: Identity, same: Sequence[DeliveryRecord], live: Mapping[str, DeliveryRecord], fingerprint: str
) -> DeliveryRecord | None:
    """The live delivery that has all of a content: as it is, or with more behind it."""
    for one in same:
        if one.n_bytes != own.n_bytes:
            continue
        for token in (one.delivery_id,) if one.is_landed else one.covers:
            holder = live.get(token) or next((d for d in live.values() if token in d.covers), None)
            if holder and (holder.n_bytes > own.n_bytes or holder.fingerprint == fingerprint):
                return holder
    return None


def _on_disk(own: Identity, earlier: Earlier) -> DeliveryRecord | None:
    """What landed of a longer file that lies there and begins with a content."""
    for file, delivery in earlier.unchanged:
        whole = Identity(delivery.content, delivery.n_bytes, delivery.head)
        if delivery.n_bytes > own.n_bytes and _begins_with(file, whole, own):
            return delivery
    return None


def _profile(file: ExportFile, with_content: Sequence[DeliveryRecord]) -> tuple[Identity, dict[int, str]]:
    """A file's content, and digests of its beginnings that are as long as earlier files were."""
    digest = hashlib.sha256()
    prefixes: dict[int, str] = {}
    n_bytes, head, sizes = 0, "", [-1]
    with archives.content(file) as stream:
        while chunk := stream.read(export_file.CHUNK_BYTES):
            if not n_bytes:
                head = hashlib.sha256(chunk[:_HEAD_BYTES]).hexdigest() if len(chunk) >= _HEAD_BYTES else ""
                sizes = sorted(
                    {one.n_bytes for one in with_content if one.head in ("", head) and one.n_bytes}
                )
            start = 0
            while sizes and n_bytes < sizes[0] <= n_bytes + len(chunk):
                end = sizes.pop(0) - n_bytes
                digest.update(chunk[start:end])
                prefixes[n_bytes + end], start = digest.hexdigest(), end
            digest.update(chunk[start:])
            n_bytes += len(chunk)
    files.require_unchanged(file)
    return Identity(digest.hexdigest(), n_bytes, head), prefixes


def _begins_with(file: ExportFile, whole: Identity, part: Identity) -> bool:
    if part.n_bytes == whole.n_bytes:
        return part.content == whole.content
    if not part.n_bytes or part.head not in ("", whole.head):
        return False
    digest, left = hashlib.sha256(), part.n_bytes
    try:
        with archives.content(file) as stream:
            while left and (chunk := stream.read(min(left, export_file.CHUNK_BYTES))):
                digest.update(chunk)
                left -= len(chunk)
    except (UnreadableFile, FileNotReady, OSError):
        return False
    return not left and digest.hexdigest() == part.content


def by_path(
    new: Sequence[ExportFile],
    live: Iterable[DeliveryRecord],
    there: Iterable[str],
    fingerprint: str,
    delivered_at: Callable[[ExportFile], datetime],
) -> Sorted:
    """Sorts new files of a set that replaces; `there` names all files that lie in the exports now."""
    names = set(there)
    gone = [one for one in live if one.file not in names and one.digest]
    found = Sorted()
    for file in new:
        moved = next((one for one in gone if _is_moved(one, file, delivered_at)), None)
        if moved is None:
            found.due.append((file, Identity()))
            continue
        gone.remove(moved)
        if moved.fingerprint == fingerprint:
            found.known.append((file, Identity(), moved))
        else:
            found.due.append((file, Identity(covers=(moved.delivery_id,))))
    return found


def _is_moved(one: DeliveryRecord, file: ExportFile, delivered_at: Callable[[ExportFile], datetime]) -> bool:
    member = one.file.partition(MEMBER_SEPARATOR)[2] if file.member else ""
    if one.size != file.size or file.problem or member != file.member:
        return False
    try:
        is_same_day = datetime.fromisoformat(one.delivered_at) == delivered_at(file)
        return is_same_day and files.digest(file) == one.digest
    except (ValueError, FileNotReady, OSError):
        return False
