"""Traps of Salesforce exports: each lands as what it means, and no text or name lands at all."""

import csv
import io
from datetime import datetime
from typing import Any

import pytest

from orchestration.sources import contract, source_files
from orchestration.sources.connectors import bundle
from tests.stages.place import Place

SALESFORCE = "salesforce"
CASE = "5007Q00000000GXQAY"
ANNA, BEN = "0057Q000000000EQAQ", "0057Q000000000MQAQ"
BILLING = "00G7Q0Iv8qnTqRwUCK"
MOMENT = "2025-08-11T05:36:12.000Z"
CANARY = "canaryUnseen"


def export(*rows: dict[str, str]) -> str:
    """A CSV as Salesforce writes it: every value in quotes."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def case(**fields: str) -> dict[str, str]:
    return {
        "Id": CASE, "IsDeleted": "false", "ParentId": "", "AccountId": "0017Q0hGQKLUPFkQ2P", "ContactId": "",
        "Status": "Working", "Priority": "Medium", "Origin": "Phone", "Reason": "billing", "OwnerId": ANNA,
        "CreatedDate": MOMENT, "ClosedDate": "", "IsEscalated": "false", "SystemModstamp": MOMENT, **fields,
    }  # fmt: skip


def change(number: int, field: str, old: str, new: str, data_type: str = "EntityId") -> dict[str, str]:
    return {
        "Id": f"0177Q0000000{number:03d}QAQ", "IsDeleted": "false", "CaseId": CASE, "CreatedById": ANNA,
        "CreatedDate": MOMENT, "Field": field, "DataType": data_type, "OldValue": old, "NewValue": new,
    }  # fmt: skip


def land(place: Place, file_set: str, *rows: dict[str, str], **settings: dict[str, Any]) -> Any:
    place.put(f"{file_set}.csv", export(*rows))
    return place.vendor(SALESFORCE, file_set, **settings).land_one()


def test_every_object_of_the_export_has_a_table() -> None:
    connector = bundle.load(SALESFORCE)
    assert {file_set: list(known["feeds"]) for file_set, known in connector.file_sets.items()} == {
        "case": ["cases"], "casehistory": ["case_histories"], "task": ["tasks"],
        "emailmessage": ["email_messages"], "livechattranscript": ["live_chat_transcripts"],
        "casemilestone": ["case_milestones"], "casearticle": ["case_articles"], "user": ["users"],
        "group": ["groups"], "groupmember": ["group_members"], "businesshours": ["business_hours"],
        "milestonetype": ["milestone_types"], "account": ["accounts"], "contact": ["contacts"],
        "knowledge__kav": ["knowledge_articles"],
    }  # fmt: skip
    assert {e for table in connector.tables.values() for e in table.feeds} <= set(contract.entities())


def test_an_owner_change_lands_as_ids_in_one_row_and_as_hashes_of_names_in_the_other(place: Place) -> None:
    land(
        place, "casehistory",
        change(1, "Owner", "Billing", "Anna Able", "Text"),
        change(2, "Owner", BILLING, ANNA),
    )  # fmt: skip
    names, ids = place.rows("old_value", "new_value", "old_name_key", "new_name_key", entity="case_histories")
    assert ids == (BILLING[:15], ANNA[:15], None, None)
    assert names[:2] == (None, None)
    assert len({*names[2:]}) == 2
    assert b"Anna Able" not in place.written()


def test_names_of_the_history_find_their_users_and_queues_though_neither_lands(place: Place) -> None:
    long_name = "Billing and much more " * 20
    place.put("casehistory.csv", export(change(1, "Owner", long_name[:255], "Anna Able", "Text")))
    place.put("group.csv", export({"Id": BILLING, "Name": long_name[:255], "DeveloperName": "B"}))
    place.put("user.csv", export({"Id": ANNA, "Name": "Anna Able", "UserType": "Standard"}))
    place.vendor(SALESFORCE, "casehistory", "group", "user").land()
    histories = place.rows("old_name_key", "new_name_key", entity="case_histories")
    assert histories == [(*place.rows("name_key", entity="groups"), *place.rows("name_key", entity="users"))]


def test_values_cut_at_255_characters_land_as_they_are(place: Place) -> None:
    cut = "waiting for " + "x" * 243
    land(place, "casehistory", change(1, "Status", "On Hold", cut, "DynamicEnum"))
    assert place.rows("old_value", "new_value", entity="case_histories") == [("on_hold", cut)]


def test_the_history_dates_the_flag_of_an_escalation(place: Place) -> None:
    land(place, "casehistory", change(1, "IsEscalated", "false", "true", "Boolean"))
    assert place.rows("old_value", "new_value", entity="case_histories") == [("false", "true")]


def test_ids_of_15_and_18_characters_are_one(place: Place) -> None:
    land(
        place, "case",
        case(ParentId=CASE[:15], OwnerId=ANNA),
        case(Id="5007Q00000001vVQAQ", ParentId=CASE, OwnerId=ANNA[:15], AccountId="0017Q0hGQKLUPFk"),
    )  # fmt: skip
    first, second = place.rows("parent_case_id", "owner_id", "account_id", entity="cases")
    assert first == second
    assert place.rows("case_id", entity="cases")[0] == first[0]


def test_history_values_are_ids_with_15_or_18_characters(place: Place) -> None:
    land(
        place, "casehistory",
        change(1, "ownerAccepted", BILLING[:15], ANNA), change(2, "Owner", ANNA[:15], BEN[:15]),
    )  # fmt: skip
    assert place.rows("old_value", "new_value", entity="case_histories") == [
        (BILLING[:15], ANNA[:15]),
        (ANNA[:15], BEN[:15]),
    ]


def test_line_breaks_and_quotes_in_a_description_do_not_cut_the_row(place: Place) -> None:
    text = 'It says "no",\nand then:\r\n"",,\n\n5007Q, "2025-01-01"\n'
    delivery = land(
        place, "case", case(Description=text, Subject='a "b"'), case(Id="5007Q00000001vVQAQ", Description="")
    )
    assert (delivery.n_read, len(place.rows("case_id")), place.faults()) == (2, 2, [])
    assert b"It says" not in place.written()


def test_an_unknown_field_is_reported_without_its_content(place: Place) -> None:
    delivery = land(place, "case", case(Customer_Mood__c=CANARY, Language="en"))
    assert delivery.columns_extra == ("Customer_Mood__c",)
    assert delivery.columns_missing == ()
    assert CANARY.encode() not in place.written()


def test_a_lean_export_lands_and_is_asked_only_for_what_staging_reads(place: Place) -> None:
    lean = {"Id": CASE, "CreatedDate": MOMENT, "Status": "Closed"}
    delivery = land(place, "case", lean)
    assert place.rows("status", "product", "owner_id", "contact_phone_status") == [
        ("closed", None, None, None)
    ]
    assert "OwnerId" in delivery.columns_missing
    assert not [name for name in delivery.columns_missing if name.endswith("__c")]


@pytest.mark.parametrize("gone", ["Id", "CreatedDate"])
def test_a_file_without_what_makes_a_row_is_refused(place: Place, gone: str) -> None:
    row = case()
    del row[gone]
    place.put("case.csv", export(row))
    assert repr(gone) in place.vendor(SALESFORCE, "case").refused()


@pytest.mark.parametrize("written", ["", "   ", "***", "[REDACTED]", "j***@example.com", "@", "n/a"])
def test_a_redacted_address_identifies_nobody(place: Place, written: str) -> None:
    land(place, "case", case(ContactEmail=written, SuppliedEmail="a@b.example"))
    ((contact, supplied),) = place.rows("contact_email", "supplied_email")
    assert contact is None
    assert len(supplied) > 20


def test_an_address_is_the_same_in_every_table(place: Place) -> None:
    place.put("case.csv", export(case(ContactEmail="Anna@Example.com")))
    place.put("contact.csv", export({"Id": "0037Q0", "AccountId": "", "Email": "anna@example.com"}))
    place.vendor(SALESFORCE, "case", "contact").land()
    assert [place.rows("contact_email")] == place.rows("emails", entity="contacts")


def test_phones_of_a_person_become_one_list(place: Place) -> None:
    phones = {
        "Phone": "+4915170700407",
        "MobilePhone": "",
        "HomePhone": "anonymous",
        "OtherPhone": "+33170700407",
    }
    land(place, "contact", {"Id": "0037Q0", "AccountId": "", **phones})
    ((found),) = place.rows("phones", entity="contacts")
    assert len(found) == 2


def test_deleted_records_land_and_say_so(place: Place) -> None:
    land(
        place,
        "case",
        case(),
        case(Id="5007Q00000001vVQAQ", IsDeleted="true"),
        case(Id="5007Q2", IsDeleted="1"),
    )
    assert place.rows("is_deleted") == [False, True, True]
    assert bundle.load(SALESFORCE).tables["cases"].feeds["cases"] == "", "a deleted case stays a case"


@pytest.mark.parametrize(
    "written", [MOMENT, "2025-08-11T05:36:12.000+0000", "2025-08-11 05:36:12", "2025-08-11T07:36:12+02:00"]
)
def test_times_are_utc_whatever_the_zone_of_the_centre(place: Place, written: str) -> None:
    land(place, "case", case(CreatedDate=written))
    assert place.rows("created_at") == [datetime(2025, 8, 11, 5, 36, 12)]


def test_pick_lists_are_translated_and_own_values_pass_in_lower_case(place: Place) -> None:
    land(
        place, "case",
        case(Status="Waiting on Customer", Priority="Critical", Origin="Phone"),
        case(Id="5007Q2", Status="Parked", Priority="P1", Origin="Social"),
    )  # fmt: skip
    assert place.rows("status", "priority", "channel") == [
        ("pending", "urgent", "voice"),
        ("parked", "p1", "social"),
    ]


def test_a_source_file_says_what_its_own_pick_list_means(place: Place) -> None:
    own = {"feeds": {"cases": {"status": {"from": "Status", "map": {"Parked": "on_hold"}}}}}
    land(place, "case", case(Status="Parked"), case=own)
    assert place.rows("status", "priority") == [("on_hold", "normal")]


def test_a_message_leaves_nothing_but_its_features(place: Place) -> None:
    message = {
        "Id": "02s7Q000000002oQAA", "ParentId": CASE, "IsDeleted": "false", "Incoming": "true",
        "MessageDate": MOMENT, "CreatedDate": MOMENT, "CreatedById": ANNA, "SystemModstamp": MOMENT,
    }  # fmt: skip
    land(
        place, "emailmessage",
        {**message, "TextBody": f"Where is\n\n {CANARY}?  Thanks", "HtmlBody": CANARY},
        {**message, "Id": "02s2", "ParentId": "0017Q0hGQKLUPFkQ2P", "TextBody": "No reply."},
        {**message, "Id": "02s3", "TextBody": ""},
    )  # fmt: skip
    assert place.rows("case_id", "n_words", "has_question", entity="email_messages") == [
        (CASE[:15], 4, True),
        (None, 2, False),
        (CASE[:15], None, None),
    ]
    assert CANARY.encode() not in place.written()


@pytest.mark.parametrize("field", ["Subject", "SuppliedEmail", "Account", "Contact", "Secret__c"])
def test_a_history_keeps_no_values_of_what_may_be_text(place: Place, field: str) -> None:
    land(place, "casehistory", change(1, field, CANARY, f"{CANARY} too", "Text"))
    assert place.rows("field", "old_value", "new_value", entity="case_histories") == [(field, None, None)]
    assert CANARY.encode() not in place.written()


@pytest.mark.parametrize("file_set", list(bundle.load(SALESFORCE).file_sets))
def test_no_name_text_or_identifier_of_a_customer_lands(place: Place, file_set: str) -> None:
    place.vendor(SALESFORCE, file_set)
    (feed,) = source_files.load(place.yaml).feeds[file_set]
    hiding = {
        n
        for n, c in feed.table.columns.items()
        if c.pii in ("hash", "drop") or c.type in ("phone", "phones", "email")
    }
    shown = {feed.mappings[name].expression for name in feed.mappings.keys() - hiding}
    row = {}
    for name, column in feed.table.columns.items():
        for read in feed.columns[name]:
            if column.is_required and name not in hiding:
                row[read] = MOMENT if column.type == "ts" else "Owner"
            elif name in hiding and read not in shown:
                row[read] = f"{CANARY}@{CANARY}.example" if "mail" in read else CANARY
    place.put(f"{file_set}.csv", export({**row, "New__c": f"{CANARY} {CANARY}"}))
    delivery = place.land_one()
    assert (delivery.n_read, place.faults()) == (1, [])
    assert CANARY.lower().encode() not in place.written().lower()
    only_ids = {"casearticle", "casemilestone", "businesshours", "groupmember", "milestonetype"}
    assert (CANARY in str(row)) == (file_set not in only_ids)
