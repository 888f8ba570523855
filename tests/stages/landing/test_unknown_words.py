"""Words outside a vocabulary: without a name for each, a wrong value map would look like a quiet centre."""

import pytest

from orchestration.landing import unknown_words
from orchestration.onboarding import vocabulary
from orchestration.sources import contract
from orchestration.sources.connectors import bundle


def test_a_run_names_source_field_words_and_rows() -> None:
    rows: list[unknown_words.Row] = [
        ("crm", "cases", "status", "In progress", False, 1, 1200),
        ("crm", "cases", "status", "xxxx@xxxx.xxx", True, 3, 4),
        ("crm", "cases", "status", None, None, 7, 9),
        ("tel", "contacts", "direction", "Eingang", False, 1, 1),
    ]
    first, second = unknown_words.sentences(rows)
    assert first == (
        "crm: cases.status holds words outside the vocabulary in 1,213 rows: 'In progress' (1,200 rows), "
        "'xxxx@xxxx.xxx' (masked) (4 rows), 7 more words. Models treat them as unknown. "
        "Map each to one of: new, open, pending, on_hold, resolved, closed."
    )
    assert second == (
        "tel: contacts.direction holds words outside the vocabulary in 1 row: 'Eingang' (1 row). "
        "Models treat them as unknown. Map each to one of: inbound, outbound, callback."
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("In progress", "'In progress'"),
        ("Wartet auf Kunde", "'Wartet auf Kunde'"),
        ("anna@mail.org", "'xxxx@xxxx.xxx' (masked)"),
        ("+49 30 123456", "'+99 99 999999' (masked)"),
        ("Case 4711", "'xxxx 9999' (masked)"),
        ("the customer said that he would call again", "'xxx xxxxxxxx xxxx xxxx x' (masked)"),
        ("<script>", "'<xxxxxx>' (masked)"),
    ],
)
def test_only_short_labels_are_shown(value: str, shown: str) -> None:
    assert unknown_words.shown({value: 2}) == [(shown, 2)]


def test_of_many_words_only_those_that_repeat_are_shown() -> None:
    """A column of names has as many words as rows."""
    names = {f"Person {chr(97 + i)}": 1 for i in range(26)}
    assert unknown_words.shown(names | {"Parked": 2}) == [("'xxxxxx x' (masked)", 26), ("'Parked'", 2)]


@pytest.mark.parametrize("word", ["On Hold", "on-hold", "ON_HOLD", " on  hold "])
def test_case_and_separators_are_no_meaning(word: str) -> None:
    assert unknown_words.folded(word) == "on_hold"


def test_fields_of_vendors_have_the_vocabulary_of_the_entity_they_feed() -> None:
    salesforce = next(t for t in bundle.all_tables() if t.full_name == "raw_salesforce.cases")
    assert contract.vocabularies(salesforce)["status"] == contract.entities()["cases"].columns["status"].words


def test_drafts_translate_into_words_of_the_vocabulary_only() -> None:
    """A word of a draft that models do not know would be unknown in every run."""
    for key, words in vocabulary.VALUES.items():
        entities = [e for e in contract.entities().values() if key.rpartition(".")[0] in ("", e.name)]
        columns = [e.columns[key.rpartition(".")[2]] for e in entities if key.rpartition(".")[2] in e.columns]
        assert columns
        for column in columns:
            assert set(words.values()) <= set(column.words), key


@pytest.mark.parametrize(
    "table",
    [t for name in bundle.names() for t in bundle.load(name).tables.values() if "field" in t.columns],
    ids=lambda table: table.full_name,
)
def test_names_of_fields_in_the_logs_of_vendors_are_no_words(table: contract.Table) -> None:
    """Without it, the check would ask to map `assignee_id` to `owner`, which models then no longer find."""
    assert "field" not in contract.vocabularies(table)


def test_a_device_under_the_name_of_a_field_is_no_word() -> None:
    """Without it, the check would call the devices of every Asterisk call unknown channels."""
    records = bundle.load("asterisk").tables["call_records"]
    assert "channel" in records.columns
    assert "channel" not in contract.vocabularies(records)
