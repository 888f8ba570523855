"""What landing keeps of a text: its length, questions, and phrases of escalation or of asking again.

The text itself never lands. Source files and connectors call these functions in their expressions.
"""

from collections.abc import Iterable

import duckdb

from orchestration.base import registries, sql

PHRASES = "text_phrases.csv"
"""The registry of phrases."""
FUNCTIONS = ("word_count", "has_question", "escalation_terms", "is_reask")
_ANY_ENDING = "*"
_LETTERS = "[a-z]*"


def install(connection: duckdb.DuckDBPyConnection) -> None:
    """Adds the functions of a text to a connection; each gives NULL for NULL.

    `word_count` counts words, `has_question` finds a question mark. `escalation_terms` lists the registered
    phrases that a text holds, in alphabetical order. `is_reask` finds a phrase by which customers say that
    they have asked before. Case and accents do not matter.
    """
    rows = _phrases()
    escalation = {row["pattern"]: row["phrase"] for row in rows if row["kind"] == "escalation"}
    reask = [row["pattern"] for row in rows if row["kind"] == "reask"]
    plain = "replace(strip_accents(lower(CAST(words AS VARCHAR))), 'ß', 'ss')"
    found = f"regexp_extract_all({plain}, {sql.text(_any_of(escalation))})"
    phrases = f"list_transform({found}, lambda one: {_phrase_of(escalation)})"
    for name, expression in {
        "word_count": r"len(regexp_extract_all(CAST(words AS VARCHAR), '\S+'))",
        "has_question": "regexp_matches(CAST(words AS VARCHAR), '[?？؟]')",
        "escalation_terms": f"list_sort(list_distinct({phrases}))",
        "is_reask": f"regexp_matches({plain}, {sql.text(_any_of(reask))})",
    }.items():
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {name}(words) AS {expression}")


def _phrases() -> list[dict[str, str]]:
    """Rows of the registry; longer patterns first, so that the more specific phrase is found."""
    return sorted(registries.rows(PHRASES), key=lambda row: (-len(row["pattern"]), row["pattern"]))


def _any_of(patterns: Iterable[str]) -> str:
    """A regular expression of the patterns as whole words; a star stands for any ending."""
    written = "|".join(one.replace(_ANY_ENDING, _LETTERS).replace(" ", r"\s+") for one in patterns)
    return rf"\b(?:{written})\b"


def _phrase_of(phrases: dict[str, str]) -> str:
    """SQL of the registered phrase of a found one."""
    spaced = r"regexp_replace(one, '\s+', ' ', 'g')"
    cases = " ".join(
        f"WHEN starts_with({spaced}, {sql.text(pattern.removesuffix(_ANY_ENDING))}) THEN {sql.text(phrase)}"
        for pattern, phrase in phrases.items()
    )
    return f"CASE {cases} END"
