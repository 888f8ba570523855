"""Suites carry the words, limits and groups of the registry, so that Data Docs read without it."""

import csv
from typing import Any

import pandas as pd
import pytest

from expectations.results import LEVELS
from expectations.shares import LEVELS as CLASSES
from expectations.shares import limit
from expectations.suites import GROUP, suites
from tests.conftest import PROJECT


def _registry() -> pd.DataFrame:
    path = PROJECT / "seeds" / "reference" / "blind_spots.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return pd.DataFrame([row for row in csv.DictReader(file) if row["is_implemented"] == "true"])


def _by_suite(built: list[Any]) -> dict[str, list[str]]:
    return {suite.name: [e.meta["blind_spot_id"] for e in suite.expectations] for suite in built}


def test_each_overlap_group_is_a_suite_with_both_levels_of_its_blind_spots() -> None:
    registry = _registry()
    built = _by_suite(suites(registry, list(registry["blind_spot_id"])))
    expected = registry.groupby(GROUP)["blind_spot_id"].apply(lambda ids: sorted([*ids, *ids])).to_dict()
    assert {name: sorted(ids) for name, ids in built.items()} == expected


def test_blind_spots_that_nobody_measured_are_in_no_suite() -> None:
    """Without it, a column that the frame lacks would make an expectation crash in every run."""
    assert _by_suite(suites(_registry(), ["BS02"])) == {"linkage": ["BS02", "BS02"]}
    assert suites(_registry(), []) == []


def test_an_expectation_says_what_the_registry_says() -> None:
    [suite] = suites(_registry(), ["BS01"])
    warn, blind = suite.expectations
    assert warn.description == "BS01 Contacts with no CRM case: at most 5 % of the contacts of a scope"
    assert blind.description == "BS01 Contacts with no CRM case: at most 50 % of the contacts of a scope"
    assert (warn.max_value, blind.max_value) == (0.05, 0.5)
    assert (warn.severity, blind.severity) == ("warning", "critical")
    assert warn.notes[0].startswith("Which answered contacts")
    assert warn.notes[1].startswith("CRM platform: Let the telephony")


def test_the_classes_are_the_levels_that_results_are_read_by() -> None:
    """Without it, a level that nothing expects would leave every scope errored, or one nobody reads be ok."""
    assert tuple(level.level for level in CLASSES) == LEVELS


@pytest.mark.parametrize(
    ("share", "entity", "words"),
    [
        (0.0, "contacts", "none of the contacts of a scope"),
        (0.001, "cases", "at most 0.1 % of the cases of a scope"),
        (0.07, "permission_events", "at most 7 % of the permission events of a scope"),
        (0.5, None, "at most 50 % of the records of a scope"),
        (0.5, float("nan"), "at most 50 % of the records of a scope"),
    ],
)
def test_limits_in_words(share: float, entity: Any, words: str) -> None:
    assert limit(share, entity) == words
