"""Words outside the vocabulary of a field: which fields have one, and the sentences about what they hold."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from orchestration.extract import contract
from orchestration.extract.contract import Table
from orchestration.extract.sniff.text import one_line, shape
from orchestration.wording import count

_WORDS_NAMED = 8
_FEW_WORDS = 20
# The same as the macro `is_label`.
_LABEL = re.compile(r"[^\W\d_][^\W_]{0,23}(?:[ _/-]{1,3}[^\W_]{1,24}){0,3}")
_LONG_NUMBER = re.compile(r"[0-9]{4}")
STATUS_CHANGE = "new_value"
"""Field of `case_changes` that holds a status where `field` says so."""

QUERY = (
    "SELECT source_instance, entity, field, word, is_masked, n_words, n_rows "
    "FROM intermediate.int_source__unknown_words "
    "ORDER BY source_instance, entity, field, word IS NULL, n_rows DESC, word, is_masked"
)
Row = tuple[str, str, str, str | None, bool | None, int, int]


def vocabulary(entity: str, field: str) -> tuple[str, ...]:
    """Words of a field of an entity; empty where it may hold anything."""
    if (entity, field) == ("case_changes", STATUS_CHANGE):
        entity, field = "cases", "status"
    column = contract.entities()[entity].columns.get(field)
    return column.words if column else ()


def vocabularies(table: Table) -> dict[str, tuple[str, ...]]:
    """Words of every field of a raw table that has a vocabulary in an entity which the table feeds.

    A column that is no text means something else under the same name: the `channel` of a call record may
    be a device.
    """
    fed = [entity for entity in table.feeds if entity in contract.entities()]
    fields = [name for name, column in table.columns.items() if column.type == "text"]
    found = {field: words for field in fields for e in fed if (words := vocabulary(e, field))}
    # A vendor's log of changes holds values of every field; only the contract's own names each.
    return found if table.schema == contract.MAPPED_SCHEMA else _without(found, STATUS_CHANGE)


def _without(words: dict[str, tuple[str, ...]], field: str) -> dict[str, tuple[str, ...]]:
    return {name: own for name, own in words.items() if name != field}


def folded(word: str) -> str:
    """A word in lower case with underscores for blanks and dashes, as models compare it."""
    return re.sub(r"[\s_-]+", "_", word.lower()).strip("_")


def shown(values: Mapping[str, int]) -> list[tuple[str, int]]:
    """Values with their rows, the most frequent first: labels as they are, of others the shape."""
    named: dict[str, int] = {}
    for value, n_rows in values.items():
        is_repeated = n_rows > 1 or len(values) <= _FEW_WORDS
        is_label = bool(_LABEL.fullmatch(value)) and not _LONG_NUMBER.search(value)
        name = repr(value) if is_label and is_repeated else f"{shape(value)!r} (masked)"
        named[name] = named.get(name, 0) + n_rows
    return sorted(named.items(), key=lambda one: (-one[1], one[0]))


def named(words: Iterable[tuple[str, int]], n_more: int = 0) -> str:
    """The first of some words with their rows, and how many more there are."""
    listed = [f"{one_line(word)} ({count(n, 'row')})" for word, n in words]
    n_more += max(len(listed) - _WORDS_NAMED, 0)
    more = [f"{count(n_more, 'more word')}"] if n_more else []
    return ", ".join([*listed[:_WORDS_NAMED], *more])


def sentences(rows: Iterable[Row]) -> Iterator[str]:
    """What a run says of the rows of `QUERY`: a sentence for each source and field."""
    for (source, entity, field), group in groupby(rows, key=lambda row: row[:3]):
        of_field = list(group)
        words = [
            (f"{word!r} (masked)" if is_masked else repr(word), n_rows)
            for *_, word, is_masked, _, n_rows in of_field
            if word is not None
        ]
        n_more = sum(n_words for *_, word, _, n_words, _ in of_field if word is None)
        n_rows = sum(row[-1] for row in of_field)
        yield (
            f"{source}: {entity}.{field} holds words outside the vocabulary in {count(n_rows, 'row')}: "
            f"{named(words, n_more)}. Models treat them as unknown. "
            f"Map each to one of: {', '.join(vocabulary(entity, field))}."
        )
