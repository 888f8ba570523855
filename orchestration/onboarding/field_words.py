"""Finds our word for a value of an export."""

from orchestration.landing.people import rules
from orchestration.onboarding.columns import MAX_VALUE, words_of

_DECISIVE = ("closed", "inbound", "outbound")


def recognised(value: str, words: dict[str, str], *, by_first_word: bool) -> str:
    """Our word for a value, or nothing. The first word may be enough: "Closed with explanation".

    A longer value with personal data (`Inbound +49 30 1234567`) has none, because a draft shows what has one.
    """
    phrase = " ".join(words_of(value)) or value.casefold()
    if len(value) > MAX_VALUE:
        return ""
    first = words.get(phrase.split(" ")[0], "")
    is_enough = by_first_word and first in _DECISIVE and not rules.is_personal_word(value)
    return words.get(phrase) or (first if is_enough else "")
