"""Finds our word for a value of an export."""

from orchestration.extract.sniff.columns import MAX_VALUE, words_of

_TELLING = ("closed", "inbound", "outbound")


def recognised(value: str, words: dict[str, str], *, by_first_word: bool) -> str:
    """Our word for a value, or nothing. The first word may tell enough: "Closed with explanation"."""
    phrase = " ".join(words_of(value)) or value.casefold()
    if len(value) > MAX_VALUE:
        return ""
    first = words.get(phrase.split(" ")[0], "")
    return words.get(phrase) or (first if by_first_word and first in _TELLING else "")
