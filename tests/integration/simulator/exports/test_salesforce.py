"""Salesforce's export has the documented fields, and the habits that make it hard to read."""

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import pytest

from seeds.simulator.exports.salesforce import DAILY, VENDOR, WHOLE, record_id, with_checksum
from tests.integration.simulator.exports.crm_rows import ODD_TEXT, Made, digests, export

# Field names of the vendor's documentation.
DOCUMENTED = {
    "Case": "Id CaseNumber AccountId ContactId AssetId BusinessHoursId ParentId OwnerId Origin Reason Type Priority"
    " Status Subject Description IsClosed IsClosedOnCreate IsEscalated IsDeleted CreatedDate ClosedDate"
    " LastModifiedDate SystemModstamp SuppliedName SuppliedEmail SuppliedCompany SuppliedPhone",
    "CaseHistory": "CaseId Field OldValue NewValue DataType IsDeleted CreatedById CreatedDate",
    "Task": "CallDurationInSeconds CallDisposition CallType CallObject WhatId WhoId",
    "EmailMessage": "Id ParentId TextBody Subject FromAddress FromName ToAddress Incoming MessageDate Status",
    "CaseMilestone": "Id CaseId MilestoneTypeId BusinessHoursId StartDate TargetDate CompletionDate IsCompleted"
    " IsViolated ElapsedTimeInMins ElapsedTimeInHrs ElapsedTimeInDays TargetResponseInMins TargetResponseInHrs"
    " TargetResponseInDays TimeRemainingInMins TimeSinceTargetInMins",
    "CaseArticle": "ArticleLanguage ArticleVersionNumber CaseId IsSharedByEmail KnowledgeArticleId",
    "User": "Id Username Name Email IsActive",
    "Group": "Id Name DeveloperName Type",
    "Account": "Id Name AccountNumber Phone MasterRecordId",
    "Contact": "Id AccountId LastName FirstName Email Phone MobilePhone",
    "Knowledge__kav": "Id KnowledgeArticleId ArticleNumber VersionNumber PublishStatus Language Title",
}
PREFIXES = {
    "Case": "500", "CaseHistory": "017", "Task": "00T", "EmailMessage": "02s", "LiveChatTranscript": "570",
    "CaseMilestone": "555", "User": "005", "Group": "00G", "GroupMember": "011", "BusinessHours": "01m",
    "Account": "001", "Contact": "003", "Knowledge__kav": "ka0", "MilestoneType": "557",
}  # fmt: skip
STATUSES = {
    "new": "New", "open": "Working", "pending": "Waiting on Customer", "on_hold": "On Hold",
    "resolved": "Resolved", "closed": "Closed",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return export(VENDOR, tmp_path_factory.mktemp("salesforce"))


@pytest.fixture(scope="module")
def history(made: Made) -> list[dict[str, str]]:
    return made.csv("CaseHistory")


def is_owner(row: dict[str, str]) -> bool:
    return row["Field"].startswith(("owner", "Owner"))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_fields_are_there(made: Made, name: str) -> None:
    rows = made.csv(name)
    assert rows
    assert set(DOCUMENTED[name].split()) <= set(rows[0])


@pytest.mark.parametrize("name", [*DAILY, *WHOLE])
def test_ids_bear_their_prefix_and_checksum_and_are_unique_on_a_day(made: Made, name: str) -> None:
    ids = [row["Id"] for row in made.csv(name)]
    assert all(with_checksum(one[:15]) == one and len(one) == 18 for one in ids)
    assert {one[:3] for one in ids} == {PREFIXES.get(name, ids[0][:3])}
    if name != "Case":
        assert len(set(ids)) == len(ids)


def test_the_checksum_is_the_vendors() -> None:
    assert with_checksum("0015000000Gv7qJ") == "0015000000Gv7qJAAR"
    assert with_checksum("500000000000000") == "500000000000000AAA"


@pytest.mark.parametrize("number", [0, 61, 62, 123_456_789, 62**9 - 1])
def test_ids_are_the_same_in_sql(made: Made, number: int) -> None:
    assert made.rows(f"SELECT sf_id('kA0', {number}::BIGINT)") == [(record_id("kA0", number),)]


@pytest.mark.parametrize("name", [*DAILY, *WHOLE])
def test_times_are_utc_with_milliseconds(made: Made, name: str) -> None:
    for row in made.csv(name):
        for field, value in row.items():
            if value and (field.endswith(("Stamp", "stamp")) or field == "CreatedDate"):
                assert value[10] == "T"
                assert value.endswith(".000Z")


def test_each_owner_change_is_written_once_with_names_and_once_with_ids(
    made: Made, history: list[dict[str, str]]
) -> None:
    owners = [row for row in history if is_owner(row)]
    kinds = Counter(row["DataType"] for row in owners)
    assert kinds["Text"] == kinds["EntityId"] > 0
    assert set(kinds) == {"Text", "EntityId"}
    named = {row["Id"]: row["Name"] for row in (*made.csv("User"), *made.csv("Group"))}
    for name, identity in zip(owners[::2], owners[1::2], strict=True):
        assert (name["CaseId"], name["CreatedDate"], name["Field"]) == (
            identity["CaseId"], identity["CreatedDate"], identity["Field"],
        )  # fmt: skip
        assert named[identity["NewValue"]][:255] == name["NewValue"]
        assert named[identity["OldValue"]][:255] == name["OldValue"]


def test_values_are_cut_at_255_characters(history: list[dict[str, str]]) -> None:
    longest = max(len(row[field]) for row in history for field in ("OldValue", "NewValue"))
    assert longest == 255


def test_a_queue_owns_a_case_before_a_user_does(history: list[dict[str, str]]) -> None:
    seen: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in history:
        if is_owner(row) and row["DataType"] == "EntityId":
            seen[row["CaseId"]].append(row)
    for rows in seen.values():
        assert rows[0]["Field"] == "ownerAssignment"
        assert rows[0]["NewValue"].startswith("00G")
        for before, after in pairwise(rows):
            assert before["NewValue"] == after["OldValue"]
            is_accepted = after["OldValue"].startswith("00G") and after["NewValue"].startswith("005")
            assert (after["Field"] == "ownerAccepted") == is_accepted


def test_special_fields_of_the_history(made: Made, history: list[dict[str, str]]) -> None:
    fields = Counter(row["Field"] for row in history if row["DataType"] != "EntityId")
    assert {"created", "ownerAssignment", "ownerAccepted", "ownerEscalated", "Owner", "Status"} <= set(fields)
    assert fields["created"] == made.rows("SELECT count(*) FROM cases")[0][0]
    escalated = made.rows(
        "SELECT count(*) FROM case_changes AS h JOIN escalations AS e ON e.case_id = h.case_id "
        "AND e.accepted_at = h.changed_at AND e.to_team_id = h.new_value WHERE h.field = 'group'"
    )
    assert fields["ownerEscalated"] == escalated[0][0] > 0


def test_every_group_change_reaches_the_history(made: Made, history: list[dict[str, str]]) -> None:
    to_queue = Counter(
        row["CaseId"]
        for row in history
        if row["DataType"] == "EntityId" and row["NewValue"].startswith("00G")
    )
    groups = dict(
        made.rows("SELECT case_id, count(*) FROM case_changes WHERE field = 'group' GROUP BY case_id")
    )
    assert all(n == 1 + groups.get(case, 0) for case, n in to_queue.items())


def test_the_last_version_of_a_case_is_the_case(made: Made) -> None:
    last = {row["Id"]: row for row in made.csv("Case")}
    found = made.rows("SELECT case_id, status, resolution_code, subject FROM cases")
    assert len(found) == len(last)
    for case, status, code, subject in found:
        assert last[case]["Status"] == STATUSES[status]
        assert last[case]["Resolution_Code__c"] == (code or "")
        assert last[case]["Subject"] == subject


def test_no_file_holds_what_happened_after_its_day(made: Made) -> None:
    for path in sorted(made.folder.glob("salesforce/*/*.csv")):
        day = date.fromisoformat(path.parent.name).isoformat()
        single = Made(made.connection, made.delivery, path.parent)
        for row in single.csv(path.stem):
            for field in ("CreatedDate", "LastModifiedDate", "SystemModstamp", "ClosedDate", "SlaExitDate"):
                assert row.get(field, "") < day
        assert date.fromisoformat(day) <= made.delivery.last_day


def test_descriptions_keep_their_line_breaks(made: Made) -> None:
    assert ODD_TEXT in {row["Description"] for row in made.csv("Case")}


def test_escalated_is_what_was_recorded(made: Made) -> None:
    last = {row["Id"]: row for row in made.csv("Case")}
    recorded = {case for (case,) in made.rows("SELECT case_id FROM escalations")} - {None}
    assert {case for case, row in last.items() if row["IsEscalated"] == "true"} == recorded


def test_calls_lead_to_case_contact_and_telephony(made: Made) -> None:
    calls = made.csv("Task")
    contacts = {row["Id"] for row in made.csv("Contact")}
    users = {row["Id"] for row in made.csv("User")}
    known = dict(made.rows("SELECT contact_id, case_id FROM contacts WHERE channel = 'voice'"))
    for row in calls:
        assert known[row["CallObject"]] == (row["WhatId"] or None)
        assert not row["WhoId"] or row["WhoId"] in contacts
        assert row["OwnerId"] in users


def test_every_message_is_written(made: Made) -> None:
    chats = made.csv("LiveChatTranscript")
    n_chat = sum(int(row["VisitorMessageCount"]) + int(row["OperatorMessageCount"]) for row in chats)
    assert sum(row["Body"].count("<br>") for row in chats) == n_chat
    late = made.rows(f"SELECT count(*) FROM messages WHERE sent_at >= DATE '{made.delivery.last_day}'")[0][0]
    n_messages = made.rows("SELECT count(*) FROM messages")[0][0]
    assert n_messages - late <= len(made.csv("EmailMessage")) + n_chat <= n_messages


def test_customers_lead_back_to_their_number(made: Made) -> None:
    numbers = {row["AccountNumber"] for row in made.csv("Account")}
    assert numbers == {number for (number,) in made.rows("SELECT customer_id FROM customers")}
    merged = {row["Id"]: row["MasterRecordId"] for row in made.csv("Account") if row["MasterRecordId"]}
    assert len(merged) == made.rows("SELECT count(*) FROM customers WHERE merged_into IS NOT NULL")[0][0]


def test_the_same_centre_is_written_the_same_way_again(
    made: Made, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = export(VENDOR, tmp_path_factory.mktemp("again"))
    assert digests(again.folder) == digests(made.folder)
