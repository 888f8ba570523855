"""Words outside the vocabulary of a field: which fields have one, and the sentences about what they hold."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from orchestration.base.text import one_line, shape
from orchestration.base.wording import count
from orchestration.landing.people import hashing
from orchestration.sources import contract

_WORDS_NAMED = 8
_FEW_WORDS = 20
# The same as the macro `is_label`.
_LABEL = re.compile(r"[^\W\d_][^\W_]{0,23}(?:[ _/-]{1,3}[^\W_]{1,24}){0,3}")
_LONG_NUMBER = re.compile(r"[0-9]{4}")
QUERY = (
    "SELECT source_instance, entity, field, word, is_masked, n_words, n_rows "
    "FROM intermediate.int_source__unknown_words "
    "ORDER BY source_instance, entity, field, word IS NULL, n_rows DESC, word, is_masked"
)
Row = tuple[str, str, str, str | None, bool | None, int, int]


def folded(word: str) -> str:
    """A word in lower case with underscores for blanks and dashes, as models compare it."""
    return re.sub(r"[\s_-]+", "_", word.lower()).strip("_")


def shown(values: Mapping[str, int]) -> list[tuple[str, int]]:
    """Values with their rows, the most frequent first: labels as they are, of others the shape."""
    named: dict[str, int] = {}
    for value, n_rows in values.items():
        is_repeated = n_rows > 1 or len(values) <= _FEW_WORDS
        landed_shape = hashing.MASKED.fullmatch(value)
        is_label = bool(_LABEL.fullmatch(value)) and not _LONG_NUMBER.search(value)
        masked = landed_shape[1] if landed_shape else shape(value)
        name = repr(value) if is_label and is_repeated else f"{masked!r} (masked)"
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
            f"Map each to one of: {', '.join(contract.vocabulary(entity, field))}."
        )
