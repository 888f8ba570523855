"""Names, addresses and texts of people land hashed or masked in whatever field somebody put them."""

import json
import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.people import hashing, protection, rules
from orchestration.onboarding import vocabulary
from orchestration.sources import contract
from orchestration.sources.connectors import bundle
from tests.stages.landing.test_hashing import hashed
from tests.stages.place import Place, csv_text

PEOPLE = [
    "Meier, Anna (1234)", "Meier, Anna", "Anna Meier", "anna.meier", "a.meier", "anna_meier", "ameier", "AMEIER",
    "TOVA", "Łukasz Żółć", "李雷", "王", "Мария Иванова", "محمد علي", "José", "ＡＮＮＡ", "ünal12",
    "anna@x.org", "Anna@Müller.de", "7001@acme.com", "jsmith01", "smith7", "MEIERA2", r"DOMAIN\ameier",
    "SIP/anna.meier", "PJSIP/anna.b", "agent.anna@pbx", "Agent Smith", "agent-anna", "emp_meier_12",
    "O'Brien, Séamus", "Dr. A. Meier", "Anna Meier/7001", "Anna (Support)", "+49 30 1234567", "0151 2345678",
    "015123456789", "(030) 123-4567", "Local/015123456789@from-internal/n",
    "arn:aws:iam::123456789012:user/anna.meier",
]  # fmt: skip
NOBODY = [
    "7001", "agent_12", "Agent12", "agent 12", "user123", "emp.1234", "u-0042", "K7", "A-17", "AB1234", "KRZ0042",
    "AGT-BLN-017", "-1", "0000012345", "10012345", "360001234567", "005B0000001Sv6A", "0055g00000ABcDeAAH",
    "005B0000001Sv6AQAS", "00G5g000004ABCD", "6816f79cc0a8016401c5a33be04be441",
    "66666666-7777-8888-9999-aaaaaaaaaaaa", "deadbeef-dead-beef-dead-beefdeadbeef",
    "arn:aws:connect:eu-central-1:123456789012:instance/11111111-2222-3333-4444-555555555555/agent/"
    "66666666-7777-8888-9999-000000000000",
    "SIP/7001", "PJSIP/7001-0000a1b2", "Local/7001@agents/n", "Agent/7001", "7001@10.0.0.5", "Tier 2 Support",
    "NO_SERVER", "system", "SYS-TIMER", "Resolver 89", "Billing Team", "2025-01-31",
]  # fmt: skip
PERSONAL_CODES = [
    "anna@x.org", "call +49 151 2345678", "01512345678", "4111 1111 1111 1111", "4111111111111111", "12345678",
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB33BUKB20201555555555", "123-45-6789",
    "Mr Quokka", "Herr Müller", "Frau Dr. Meier", "Quokka, Zacharias", "Quokka, Zacharias (77)",
    "Zacharias Quokka (1234)", "The customer said that he would call. Again",
    "customer Zacharias Quokka wants his money back", "one two three four\nfive", "a b c d " * 30, "問題" * 60,
    "12 Main Street", "Hauptstraße 5", "https://x.org/a", "203.0.113.195", "fe80::1c2d:7", "@anna",
]  # fmt: skip
CODES = [
    "Billing Dispute", "Account opening, closing, or management", "Password Reset", "Tier 2", "Category 26",
    "Problem with a credit reporting company's investigation into an existing problem",
    "Credit reporting, credit repair services, or other personal consumer reports",
    "Charged fees or interest I didn't expect", "Cont'd attempts collect debt not owed",
    "Making/receiving payments, sending money", "Loan modification,collection,foreclosure", "INC0010023",
    "2025-01-31", "2025-01-31 10:00", "08:00", "Season 2023-2024", "Europe/Berlin", "VOICE", "1.2.3", "3.25",
    "main>billing>1", "a1b2c3d4-0000-4000-8000-123456789012", "a::b", "x,\"y\"",
]  # fmt: skip
OTHER_WORDS = [
    "In progress",
    "Wartet auf Kunde",
    "On Hold",
    "WhatsApp",
    "Web Form",
    "inProgress",
    "Live-Chat",
]


@pytest.mark.parametrize("rule", rules.RULES)
@pytest.mark.parametrize("part", ["[", "1", "a", "Ab-", "a.", "1-", "a b "])
def test_a_very_long_value_is_a_text_whatever_it_holds(rule: str, part: str) -> None:
    """A pattern that looks for addresses would read it again from each of its characters."""
    assert rules.RULES[rule](part * 200_000) == (rule != "is_ordinary_label")


@pytest.mark.parametrize("entity", contract.entities())
def test_looking_for_personal_data_joins_nothing(entity: str) -> None:
    """The engine makes joins of lists of words; then every row pays for them, and rows land in another order."""
    table = contract.entities()[entity]
    with duckdb.connect() as connection:
        hashing.install(connection, b"salt")
        for column in (one for one in table.columns.values() if one.pii != "drop"):
            found = protection.of(table, column, "north", "'DE'", field=sql.name("=field"))
            kind = "VARCHAR[]" if column.type in ("list", "phones", "ids") else "VARCHAR"
            value, field = sql.name("=" + column.name), sql.name("=field")
            given = {value: kind, field: "VARCHAR"}
            connection.execute(f"CREATE OR REPLACE TABLE given ({', '.join(map(' '.join, given.items()))})")
            flag = f"{found.is_changed or 'false'} AS {work.is_personal(column.name)}"
            query = f"SELECT {value}, {found.value} FROM (SELECT *, {flag} FROM given)"
            plan = connection.execute(f"EXPLAIN {query}").fetchall()[0][1]
            assert "join" not in plan.lower(), column.name


@pytest.mark.parametrize("rule", rules.NOT_PERSONAL)
@given(data=st.data())
def test_no_rule_calls_a_value_personal_that_its_pattern_clears(rule: str, data: st.DataObject) -> None:
    value = data.draw(st.from_regex(rules.NOT_PERSONAL[rule], fullmatch=True))
    assert not rules.RULES[rule](value)


@pytest.mark.parametrize("value", PEOPLE)
def test_an_id_that_names_a_person_is_recognised(value: str) -> None:
    assert rules.is_staff_name(value)


@pytest.mark.parametrize("value", NOBODY)
def test_an_id_that_names_nobody_stays(value: str) -> None:
    assert not rules.is_staff_name(value)


@pytest.mark.parametrize("value", PERSONAL_CODES)
def test_a_code_that_names_a_person_is_found(value: str) -> None:
    assert rules.is_personal_text(value)
    assert rules.is_personal_word(value)
    assert not rules.is_ordinary_label(value)


@pytest.mark.parametrize("value", CODES)
def test_a_code_of_public_data_stays(value: str) -> None:
    assert not rules.is_personal_text(value)


@pytest.mark.parametrize("value", OTHER_WORDS)
def test_ordinary_words_outside_a_vocabulary_stay_to_be_mapped(value: str) -> None:
    assert rules.is_ordinary_label(value)
    assert not rules.is_personal_word(value)


@pytest.mark.parametrize(
    "value", ["Anna", "Zacharias Quokka", "anna.meier", "Chat with Anna", "Łukasz", "7001234"]
)
def test_what_is_no_channel_and_no_ordinary_word_may_be_a_name(value: str) -> None:
    assert not rules.is_ordinary_label(value)


@pytest.mark.parametrize("value", ["Anna Meier", "Zacharias Quokka", "Jean-Luc O’Brien", "Łukasz Żółć"])
def test_a_full_name_is_no_word_of_a_vocabulary(value: str) -> None:
    assert rules.is_personal_word(value)


def test_a_label_of_a_team_stays() -> None:
    labels = ["Support, Berlin", "Anna Meier", "Retention Team", "Tier 2"]
    assert not any(map(rules.is_personal_label, labels))
    assert rules.is_personal_label("support@acme.com")


def test_every_word_that_a_draft_knows_is_an_ordinary_one() -> None:
    """Else a channel that `sources new` translates would land masked where nobody translates it."""
    assert [w for w in vocabulary.VALUES["channel"] if not rules.is_ordinary_label(w)] == []


STAFF_COLUMNS = [
    (table.full_name, column.name)
    for table in bundle.all_tables()
    for column in table.columns.values()
    if column.pii == "staff"
]


def test_every_column_of_the_contract_with_ids_of_people_is_known_as_one() -> None:
    """A new column that joins agents would otherwise hold names in clear, and join nothing."""
    expected = {"owner_id", "agent_id", "evaluator_id", "author_id", "changed_by", "telephony_id", "crm_user_id",
                "qa_user_id", "rendered_for"}  # fmt: skip
    found = {
        (e.name, c.name) for e in contract.entities().values() for c in e.columns.values() if c.pii == "staff"
    }
    assert found == {(e.name, c) for e in contract.entities().values() for c in e.columns if c in expected}
    vendors = {full_name.partition(".")[0] for full_name, _ in STAFF_COLUMNS}
    assert vendors == {"raw_mapped", *(f"raw_{name}" for name in bundle.names())}


def test_both_sides_of_a_join_agree(place: Place) -> None:
    feeds = {
        "agents": {"agent_id": "id", "telephony_id": "id", "crm_user_id": "id", "qa_user_id": "id"},
        "cases": {"case_id": "n", "opened_at": "'2025-01-01'", "owner_id": "id", "group_id": "id"},
        "legs": {"contact_id": "n", "leg_seq": "1", "started_at": "'2025-01-01'", "agent_id": "id"},
        "case_changes": {"case_id": "n", "changed_at": "'2025-01-01'", "field": "'Owner'", "new_value": "id",
                         "changed_by": "id"},
        "evaluations": {"evaluation_id": "n", "contact_id": "n", "submitted_at": "'2025-01-01'",
                        "status": "'submitted'", "agent_id": "id", "evaluator_id": "id"},
    }  # fmt: skip
    place.source(feeds, delimiter=";", quote="")
    place.put("a.csv", "n;id\n" + "".join(f"{n};{value}\n" for n, value in enumerate(PEOPLE + NOBODY)))
    counts = {c.table: dict(c.personal) for c in place.land_one().counts}
    ids = place.rows("owner_id")
    assert ids[len(PEOPLE) :] == NOBODY
    assert not set(ids[: len(PEOPLE)]) & set(PEOPLE)
    assert ids[PEOPLE.index("Meier, Anna (1234)")] == hashed("id:crm", "meier, anna (1234)")
    for entity, columns in {
        "agents": ("agent_id", "telephony_id", "crm_user_id", "qa_user_id"),
        "legs": ("agent_id",),
        "case_changes": ("new_value", "changed_by"),
        "evaluations": ("agent_id", "evaluator_id"),
    }.items():
        for column in columns:
            assert place.rows(column, entity=entity) == ids, (entity, column)
            assert counts[f"raw_mapped.{entity}"][column] == len(PEOPLE)
    written = place.written()
    assert [
        v for v in PEOPLE if len(v) > 6 and v.encode() in written and v not in place.rows("group_id")
    ] == []


def test_spellings_of_a_name_are_one(place: Place) -> None:
    place.source({"cases": {"case_id": "id", "opened_at": "opened", "owner_id": "status"}}, delimiter=";")
    forms = ["Meier, Anna", "MEIER,  ANNA", " meier, anna ", "Meier,\u00a0Anna\u2003", "Meier,\tAnna"]
    place.put("a.csv", "id;opened;status\n" + "".join(f"C{i};2025-01-01;{f}\n" for i, f in enumerate(forms)))
    place.land_one()
    assert set(place.rows("owner_id")) == {hashed("id:crm", "meier, anna")}


def test_a_setting_keeps_ids_of_staff_in_clear_and_lands_files_anew(place: Place) -> None:
    place.source(
        {"cases": {"case_id": "id", "opened_at": "opened", "owner_id": "status", "reason": "status"}}
    )
    place.put("a.csv", csv_text(("C1", "2025-01-01", "anna@x.org")))
    place.land_one()
    assert place.rows("owner_id") == [hashed("id:crm", "anna@x.org")]
    assert len(place.land(staff_ids="clear").deliveries) == 1
    assert place.rows("owner_id") == ["anna@x.org"]
    assert place.rows("reason") == [f"(masked xxxx@x.xxx {hashed('text:crm', 'anna@x.org')[:8]})"]
    assert len(place.land().deliveries) == 1


def test_a_change_lands_as_the_field_that_changed(place: Place) -> None:
    """A history whose owner or status reads otherwise than the case would look torn."""
    place.source({
        "case_changes": {"case_id": "id", "changed_at": "opened", "field": "f", "new_value": "v"},
        "cases": {"case_id": "id", "opened_at": "opened", "owner_id": "v", "group_id": "v", "status": "v",
                  "priority": "v"},
    })  # fmt: skip
    values = ["Anna Meier", "anna@x.org", "Open", "Gold", "360001234567"]
    fields = ["Owner", "GROUP", "status", "priority", "comment"]
    rows = [("C", "2025-01-01", f, v) for v in values for f in fields]
    place.put("a.csv", csv_text(*rows, header="id,opened,f,v"))
    place.land_one()
    changes = dict(
        zip([(f, v) for *_, f, v in rows], place.rows("new_value", entity="case_changes"), strict=True)
    )
    states = dict(zip([(f, v) for *_, f, v in rows],
                      place.rows("owner_id", "group_id", "status", "priority"), strict=True))  # fmt: skip
    for v in values:
        owner, group, status, priority = states["Owner", v]
        assert (changes["Owner", v], changes["GROUP", v]) == (owner, group)
        assert (changes["status", v], changes["priority", v]) == (status, priority)
    assert changes["GROUP", "Anna Meier"] == "Anna Meier"
    assert hashing.MASKED.fullmatch(changes["comment", "Anna Meier"])
    assert changes["status", "Open"] == "Open"


PLANTED = ["zq@quokka.example", "+49 151 98765432", "4111 1111 1111 1234", "Herr Quokka",
           "customer Zacharias Quokka wants his money back. Today"]  # fmt: skip
SECRETS = ("quokka", "98765432", "1111 1111", "zacharias")


def _planted(entity: contract.Entity, value: str) -> dict[str, object]:
    """A row whose every text, list and id of a person holds the value; other fields that a row needs fit."""
    sound = {
        "id": "N1",
        "ts": "2025-01-01 10:00:00",
        "date": "2025-01-01",
        "int": "1",
        "num": "1",
        "bool": "true",
    }
    row: dict[str, object] = {}
    for column in entity.columns.values():
        if column.type in ("text", "email", "phone") or column.pii in ("staff", "hash", "drop"):
            row[column.name] = value
        elif column.type in ("list", "phones", "ids"):
            row[column.name] = [value, "x"]
        elif column.is_required:
            row[column.name] = sound[column.type]
    return row


@pytest.mark.parametrize("entity", contract.entities().values(), ids=lambda e: e.name)
def test_personal_data_in_every_code_of_an_entity_is_written_nowhere(
    place: Place, entity: contract.Entity
) -> None:
    """Whatever column of the contract somebody typed it into, no byte of the home holds it."""
    rows = [_planted(entity, value) for value in PLANTED]
    if "field" in entity.columns:
        fields = ("owner", "group", "status", "priority", "created")
        rows += [{**row, "field": f} for row in rows for f in fields]
    place.source({entity.name: {name: f'"{name}"' for name in rows[0]}}, format="jsonl")
    place.put("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    delivery = place.land_one()
    assert delivery.n_landed == len(rows)
    written = place.written().lower()
    assert [secret for secret in SECRETS if secret.encode() in written] == []
    coded = {
        c.name
        for c in entity.columns.values()
        if c.type in ("text", "list") and c.pii not in ("hash", "drop")
    }
    assert dict(delivery.counts[0].personal).keys() >= coded


@pytest.mark.parametrize(
    "value",
    ["Frau Quokka", "Frau\u00a0Quokka", "Frau\tQuokka", "+49 30 1234567", "\uff0b493012345678", "zoe\uff20x.org",
     "\u200e+493012345678"],
)  # fmt: skip
def test_a_person_in_the_id_of_a_thing_is_hashed_with_any_blank_plus_or_at_sign(
    value: str, place: Place
) -> None:
    """Without it, SQL takes an id with a no-break space for one in which no rule finds anybody."""
    assert rules.is_personal_id(value)
    place.source({"cases": {"case_id": "id", "opened_at": "opened", "group_id": "id"}})
    place.put("a.csv", csv_text((value, "2025-01-01"), header="id,opened"))
    place.land_one()
    assert all(re.fullmatch("[0-9a-f]{32}", one) for row in place.rows("case_id", "group_id") for one in row)


def test_an_id_that_is_an_address_is_hashed_in_every_entity(place: Place) -> None:
    feeds = {"contacts": {"contact_id": "id", "channel": "'voice'", "started_at": "opened", "case_id": "status"},
             "cases": {"case_id": "status", "opened_at": "opened"}}  # fmt: skip
    place.source(feeds)
    values = ["anna@x.org", "+49 30 1234567", "Anna Meier", "100-2003-4567", "7001@pbx", "Team 4 2024"]
    place.put("a.csv", csv_text(*((f"N{i}", "2025-01-01", v) for i, v in enumerate(values))))
    place.land_one()
    assert place.rows("case_id", entity="contacts") == place.rows("case_id")
    assert place.rows("case_id")[2:] == values[2:]
    assert place.rows("case_id")[:2] == [hashed("id:crm", v) for v in values[:2]]
