"""The words by which an export is recognised, read once from `vocabulary.yml`."""

from pathlib import Path
from typing import Any

import yaml

from orchestration.base.text import plain

_FILE = Path(__file__).with_name("vocabulary.yml")
_READ: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in text.split(","))


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in _listed(text))


# Field, or entity and field, to its names; entity to words of file names.
FIELDS = {name: _listed(text) for name, text in _READ["fields"].items()}
FILE_WORDS = {entity: frozenset(_listed(text)) for entity, text in _READ["file_words"].items()}
DECISIVE_FILE_WORDS = frozenset(_listed(_READ["decisive_file_words"]))

# Field, or entity and field, to what others write for its values, each with our word.
VALUES = {
    name: {plain(phrase): ours for ours, text in words.items() for phrase in _listed(text)}
    for name, words in _READ["values"].items()
}
BOOLEANS = {phrase: value for value, text in _READ["booleans"].items() for phrase in _listed(text)}
LANDED_BOOLEANS = frozenset(_listed(_READ["landed_booleans"]))
NULLS = _listed(_READ["nulls"])
DOUBTFUL_NULLS = _listed(_READ["doubtful_nulls"])

RECORD_IDS = _phrases(_READ["record_ids"])
OTHERWISE = frozenset(_listed(_READ["otherwise"]))
APART = frozenset(_listed(_READ["apart"]))
WHOLE = frozenset(_listed(_READ["whole"]))
NAMELESS = frozenset(_listed(_READ["nameless"]))
MOMENTS = frozenset(_listed(_READ["moments"]))
CALLS = frozenset(_listed(_READ["calls"]))
CALLING, CALLED, CUSTOMER_END, PARTIES, PHONES = (
    frozenset(_listed(_READ[name])) for name in ("calling", "called", "customer_end", "parties", "phones")
)
DURATIONS = {kind: _phrases(text) for kind, text in _READ["durations"].items()}
UNITS = {word: float(factor) for factor, text in _READ["units"].items() for word in _listed(text)}
TOTALS = _listed(_READ["totals"])
NO_CALL = frozenset(_listed(_READ["no_call"]))
LOADER_COLUMNS = _listed(_READ["loader_columns"])

# Entity to further ones that its rows may hold, with what is known of their fields.
COMPANIONS: dict[str, dict[str, dict[str, str]]] = _READ["companions"]

PERSONAL = frozenset(_listed(_READ["personal"]))
PERSONAL_PHRASES = _phrases(_READ["personal_phrases"])

EXPLANATIONS: dict[str, str] = _READ["explanations"]
