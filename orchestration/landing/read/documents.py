"""JSON in envelopes: pages around a list, bare records where pages are expected, keys whose case varies.

A document whose layout differs from its mapping is rewritten, a record a line, without a change to any value.
The mapping's own spelling of a key wins; a record with another spelling fills it too.
"""

import json
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from orchestration.base import sql
from orchestration.landing.export_file import UnreadableFile
from orchestration.landing.people import hashing
from orchestration.landing.read.json_keys import OF_REFERENCES, Conflict, Names, recast
from orchestration.landing.read.json_stream import JsonStream
from orchestration.landing.text_files import MAX_LINE_BYTES
from orchestration.sources.shapes import ITEM
from orchestration.sources.source_files import Source

_SAMPLE_BYTES = 2_000_000
_DEEPEST_WRAPPER = 3
_KEYS_SHOWN = 8
_KEY = re.compile(rb'"([^"\\\x00-\x1f]{1,128})"\s*:')
_ARROWS = re.compile(r"""("[^"]+"|[A-Za-z_]\w*)((?:\s*->>?\s*'[^']*')+)""")
_ARROW = re.compile(r"->>?\s*'([^']*)'")
_PAGING = re.compile(
    r"next|nextpage(token)?|nextcursor|nexturi|previouspage|prev|count|total(size|hits|results)?|done|links|meta"
    r"|paging|pagination|page(number|size|count)?|aftercursor|endofstream|hasmore|cursor"
)


@dataclass(frozen=True)
class JsonLayout:
    """What the records of a file set are.

    `records` is where a source file says that they stand in a document. `page` is the list that a connector
    takes its rows from, where its documents are pages. `needs` holds for each field without which there is
    no record the keys that it may be filled from. A connector finds a wrapper by itself (`is_known`).
    """

    records: tuple[str, ...] = ()
    page: str = ""
    needs: tuple[frozenset[str], ...] = ()
    names: Names = field(default_factory=dict)
    is_known: bool = False

    @cached_property
    def inner_spellings(self) -> dict[str, set[str]]:
        """The spellings of each key below the first level, by its folded form."""
        found: dict[str, set[str]] = {}
        for inner in self.names.values():
            _collect(inner, found)
        return found

    @cached_property
    def spellings(self) -> set[str]:
        """Every spelling of a key that the mapping has anywhere."""
        found: dict[str, set[str]] = {}
        _collect(self.names, found)
        return set().union(*found.values()) if found else set()

    def is_record(self, keys: Iterable[str]) -> bool:
        """Whether an object with these keys has all that a record needs."""
        there = {sql.folded(key) for key in keys}
        return bool(self.needs) and all(need & there for need in self.needs)


def layout_of_records(source: Source, file_set: str) -> JsonLayout:
    """What the mapping of a file set takes for its records."""
    feeds, options = source.feeds[file_set], source.document.files[file_set]
    paths = {path for feed in feeds for read in feed.reads.values() for path in read}
    first = {
        path[0]
        for feed in feeds
        for path in feed.reads.get("rows", ())[:1]
        if feed.table.rows and path[1:] == (ITEM,)
    }
    page = first.pop() if len(first) == 1 and all(feed.table.rows for feed in feeds) else ""
    if any(path[0] != page for path in paths):
        page = ""
    needs = set()
    for feed in feeds:
        for name in feed.table.required:
            read = [path[2:] if page else path for path in feed.reads.get(name, ())]
            # A key inside a list says nothing about the object around the list.
            keys = frozenset(sql.folded(path[0]) for path in read if path and ITEM not in path)
            if keys and len(read) == len([path for path in read if path and ITEM not in path]):
                needs.add(keys)
    names: Names = {}
    for path in (*paths, *_by_arrows(source, file_set)):
        node = names
        for step in path:
            if step != ITEM:
                node = node.setdefault(step, {})
    records = tuple(options.records.split(".")) if options.records else ()
    return JsonLayout(
        records, page, tuple(sorted(needs, key=sorted)), names, source.document.connector != "mapped"
    )


def _by_arrows(source: Source, file_set: str) -> Iterator[tuple[str, ...]]:
    """Places that expressions such as `queue->>'$.id'` lead to."""
    for feed in source.feeds[file_set]:
        for expression in (feed.where, *(mapping.expression for mapping in feed.mappings.values())):
            for found in _ARROWS.finditer(expression):
                steps = [s for arrow in _ARROW.findall(found[2]) for s in _steps(arrow)]
                yield (found[1].strip('"'), *steps)


def _steps(arrow: str) -> list[str]:
    if arrow.startswith("/"):
        return [step.replace("~1", "/").replace("~0", "~") for step in arrow[1:].split("/")]
    plain = re.sub(r"\[[^\]]*\]", "", arrow.removeprefix("$").removeprefix("."))
    return [step.strip('"') for step in re.findall(r'"[^"]+"|[^."]+', plain)] if arrow[:1] == "$" else [arrow]


def _collect(names: Names, found: dict[str, set[str]]) -> None:
    for name, inner in names.items():
        found.setdefault(sql.folded(name), set()).add(name)
        _collect(inner, found)


# ---------------------------------------------------------------- looking


@dataclass(frozen=True)
class JsonEnvelope:
    """Where a document holds its records; `path` is empty for bare records in the place of pages."""

    path: tuple[str, ...]


def wrapping(path: Path, form: JsonLayout) -> JsonEnvelope | None:
    """How the first document differs from what the mapping expects; None where it does not, or is unknown.

    Raises:
        UnreadableFile: it is no JSON.
    """
    if form.records:
        return JsonEnvelope(form.records)
    with JsonStream(path) as stream:
        keys, found = _first_object(stream, form)
    if form.page and any(sql.folded(key) == sql.folded(form.page) for key in keys):
        return None
    if form.is_record(keys):
        return JsonEnvelope(()) if form.page else None
    return JsonEnvelope(found) if found and form.is_known else None


def described(path: Path, form: JsonLayout) -> str:
    """What the first document is, and the way to its records, where that can be found; for a message."""
    try:
        with JsonStream(path) as stream:
            is_list = stream.peek() == "["
            keys, found = _first_object(stream, form)
    except UnreadableFile:
        return ""
    shown = ", ".join(map(hashing.shown, keys[:_KEYS_SHOWN])) + (", ..." if len(keys) > _KEYS_SHOWN else "")
    kind = "a list of objects" if is_list else "an object"
    if not keys:
        return ""
    wanted = f"pages with a list {form.page}" if form.page else "one object a record"
    if not form.page and form.needs:
        wanted += f" with {', '.join(sorted(min(need) for need in form.needs))}"
    way = f"; add `records: {'.'.join(found)}`" if found else ""
    return f"found {kind} with keys {shown}; expected {wanted}{way}"


def _first_object(stream: JsonStream, form: JsonLayout) -> tuple[list[str], tuple[str, ...]]:
    """Keys of the first document, and the place of records in it, if there are some."""
    if stream.peek() == "[":
        stream.take("[")
    if stream.peek() != "{":
        return [], ()
    keys: list[str] = []
    candidates: list[tuple[str, ...]] = []
    for key in stream.members():
        keys.append(key)
        if form.page and sql.folded(key) == sql.folded(form.page):
            return keys, ()
        if stream.peek() == "[":
            for number, (_, item) in enumerate(stream.items()):
                if not number and isinstance(item, dict) and form.is_record(item):
                    candidates.append((key,))
        else:
            candidates += [(key, *inner) for inner in _inside(stream.value()[1], form, 1)]
    return keys, candidates[0] if candidates else ()


def _inside(value: Any, form: JsonLayout, depth: int) -> Iterator[tuple[str, ...]]:
    if not isinstance(value, dict) or depth > _DEEPEST_WRAPPER:
        return
    if form.is_record(value):
        yield ()
        return
    for key, inner in value.items():
        first = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(inner, list) and isinstance(first, dict) and form.is_record(first):
            yield (key,)
        elif isinstance(inner, dict):
            yield from ((key, *rest) for rest in _inside(inner, form, depth + 1))


def guessed(path: Path) -> tuple[str, ...] | None:
    """Where records seem to stand in the one document of a file, or in pages; None for documents that are
    records themselves.

    Raises:
        UnreadableFile: it is no JSON.
    """
    with JsonStream(path) as stream:
        if stream.peek() != "{":
            return None
        sizes: dict[tuple[str, ...], int] = {}
        plain: list[str] = []
        for key in stream.members():
            if stream.peek() == "[":
                n = sum(isinstance(value, dict) for _, value in stream.items())
                sizes |= {(key,): n} if n else {}
            else:
                value = stream.value()[1]
                sizes |= {(key, *inner): n for inner, n in _lists(value, 1)}
                is_plain = not isinstance(value, dict) and not _PAGING.fullmatch(key.lower().replace("_", ""))
                plain += [key] if is_plain else []
        is_only = not stream.peek()
    # A record may hold lists too; then it has keys beside those of paging, or other records follow.
    is_wrapper = not plain or (is_only and len(plain) < _KEYS_SHOWN and max(sizes.values(), default=0) > 1)
    return max(sizes, key=lambda one: sizes[one]) if sizes and is_wrapper else None


def _lists(value: Any, depth: int) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(value, dict) and depth < _DEEPEST_WRAPPER:
        for key, inner in value.items():
            if isinstance(inner, list) and inner and isinstance(inner[0], dict):
                yield (key,), len(inner)
            else:
                yield from (((key, *rest), n) for rest, n in _lists(inner, depth + 1))


def varies(paths: Sequence[Path], form: JsonLayout, keys: Iterable[str]) -> bool:
    """Whether keys that the mapping reads are spelled in more than one way, or references stand for values,
    as far as samples show.

    `keys` are all of the first level; those inside are looked for in parts of the files.
    """
    wanted = {sql.folded(name) for name in form.names}
    seen: dict[str, set[str]] = {}
    for key in keys:
        seen.setdefault(sql.folded(key), set()).add(key)
    if any(len(spelled) > 1 for name, spelled in seen.items() if name in wanted):
        return True
    inner = form.inner_spellings
    if not inner and not form.is_known:
        return False
    budget = max(1 << 16, _SAMPLE_BYTES // len(paths))
    for path in paths:
        with path.open("rb") as file:
            names = {name.decode("utf-8", "replace") for name in set(_KEY.findall(file.read(budget)))}
        if form.is_known and len(names & OF_REFERENCES) > 1:
            return True
        if any(sql.folded(name) in inner and name not in form.spellings for name in names):
            return True
    return False


# ---------------------------------------------------------------- writing anew


@dataclass
class RewrittenFile:
    """A file with a record a line: the number of each in the original, and what could not be kept."""

    original: Path
    path: Path
    numbers: "array[int]"
    damage: list[tuple[int, str]]
    format: Literal["jsonl", "csv"] = "jsonl"

    @property
    def is_whole(self) -> bool:
        """Whether it has records, and nothing was lost."""
        return bool(self.numbers) and not self.damage


def rewrite(
    path: Path,
    target: Path,
    form: JsonLayout,
    wrapped: JsonEnvelope | None,
    *,
    recasts: bool,
    limit: int | None = None,
) -> RewrittenFile:
    """Writes the records of a file as lines, out of what wraps them, with keys as the mapping spells them.

    Raises:
        UnreadableFile: it is no JSON, or ends in the middle.
    """
    done = RewrittenFile(path, target, array("q"), [])
    way = wrapped.path if wrapped else ()
    with JsonStream(path) as stream, target.open("w", encoding="utf-8", newline="") as out:
        for number, (raw, value, is_found) in enumerate(islice(_records(stream, way, form), limit), 1):
            text = raw
            if form.page and (is_found or (isinstance(value, dict) and form.is_record(value))):
                text = f"{{{json.dumps(form.page)}:[{raw}]}}"
            if recasts:
                try:
                    text = recast(text, form.names)
                except Conflict as conflict:
                    done.damage.append((number, str(conflict)))
                    continue
            if len(text) > MAX_LINE_BYTES:
                done.damage.append((number, f"a record longer than {MAX_LINE_BYTES:,} characters"))
                continue
            out.write(text.replace("\n", " ").replace("\r", " ") + "\n")
            done.numbers.append(number)
        if not done.numbers:
            out.write("[]")  # no record, but a file that can be read
    return done


def _records(stream: JsonStream, way: tuple[str, ...], form: JsonLayout) -> Iterator[tuple[str, Any, bool]]:
    """Text and value of each record, and whether it stood at the end of the way."""
    while start := stream.peek():
        if start == "[":
            stream.take("[")
            while stream.goes_on("]"):
                yield from _document(stream, way or _page(form))
        else:
            yield from _document(stream, way or _page(form))


def _page(form: JsonLayout) -> tuple[str, ...]:
    return (form.page,) if form.page else ()


def _document(stream: JsonStream, way: tuple[str, ...]) -> Iterator[tuple[str, Any, bool]]:
    if not way or stream.peek() != "{":
        yield (*stream.value(), False)
        return
    stream.mark()
    is_found = False
    for key in stream.members():
        if not is_found and sql.folded(key) == sql.folded(way[0]):
            is_found = True
            stream.forget()
            yield from _at_way(stream, way[1:])
        else:
            stream.value()
    if not is_found:
        stream.return_to_mark()
        yield (*stream.value(), False)


def _at_way(stream: JsonStream, way: tuple[str, ...]) -> Iterator[tuple[str, Any, bool]]:
    start = stream.peek()
    if way and start == "{":
        for key in stream.members():
            if sql.folded(key) == sql.folded(way[0]):
                yield from _at_way(stream, way[1:])
            else:
                stream.value()
    elif start == "[":
        yield from ((raw, value, True) for raw, value in stream.items())
    else:
        raw, value = stream.value()
        if isinstance(value, dict):
            yield raw, value, True
