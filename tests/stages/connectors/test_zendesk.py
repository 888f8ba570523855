"""Traps of Zendesk's pages and of the tables that extractors make of them: each lands as what it means.

No name, text or tag lands at all.
"""

import csv
import io
import json
from datetime import date, datetime
from typing import Any

import pytest

from orchestration.sources.connectors import bundle
from tests.stages.place import Place

ZENDESK = "zendesk"
MOMENT = "2025-08-11T05:36:12Z"
CANARY = "canaryUnseen"


def ticket(**fields: Any) -> dict[str, Any]:
    return {
        "id": 35436, "created_at": MOMENT, "updated_at": MOMENT, "status": "open", "priority": "high",
        "via": {"channel": "email", "source": {"from": {}, "rel": None}}, "requester_id": 390000000001,
        "assignee_id": 370000000001, "group_id": 360000000001, "tags": [], "custom_fields": [], **fields,
    }  # fmt: skip


def audit(number: int, *events: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": 2000000000000 + number, "ticket_id": 35436, "created_at": MOMENT, "author_id": 370000000001,
        "metadata": {}, "via": {"channel": "web"},
        "events": [{"id": 200000000000000 + 100 * number + i, **event} for i, event in enumerate(events)],
    }  # fmt: skip


def change(field: str, old: Any, new: Any) -> dict[str, Any]:
    return {"type": "Change", "field_name": field, "previous_value": old, "value": new}


def land(place: Place, file_set: str, key: str, *items: dict[str, Any], **page: Any) -> Any:
    place.put(f"{file_set}.json", json.dumps({key: items, "count": len(items), **page}))
    return place.vendor(ZENDESK, file_set).land_one()


def extracted(place: Place, file_set: str, *rows: dict[str, str]) -> Any:
    """Lands a table as an extractor writes it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0], "_fivetran_synced"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "_fivetran_synced": "2025-08-13 00:00:00.123"} for row in rows)
    place.put(f"{file_set}.csv", text.getvalue())
    return place.vendor(ZENDESK, file_set).land_one()


def extracted_ticket(**fields: str) -> dict[str, str]:
    return {
        "id": "35436", "created_at": "2025-08-11 05:36:12", "updated_at": "2025-08-11 05:36:12", "status": "open", "priority": "high", "type": "",
        "via_channel": "email", "via_followup_source_id": "", "via_source_rel": "",
        "requester_id": "390000000001", "assignee_id": "", "group_id": "360000000001",
        "subject": CANARY, "description": f"Where is {CANARY}?", "recipient": f"{CANARY}@{CANARY}.example",
        **fields,
    }  # fmt: skip


def given(field: str, value: str, **fields: str) -> dict[str, str]:
    return {
        "field_name": field, "ticket_id": "35436", "updated": "2025-08-11 05:36:12", "user_id": "",
        "value": value, **fields,
    }  # fmt: skip


def test_a_page_is_one_document_with_many_tickets(place: Place) -> None:
    delivery = land(
        place, "tickets", "tickets", ticket(), ticket(id=35437), after_cursor="x", end_of_stream=True
    )
    assert (delivery.n_read, delivery.columns_extra) == (1, ())
    assert place.rows("ticket_id", entity="tickets") == ["35436", "35437"]


def test_an_empty_page_is_no_fault(place: Place) -> None:
    land(place, "tickets", "tickets")
    assert (place.rows("ticket_id", entity="tickets"), place.faults()) == ([], [])


def test_a_ticket_that_comes_again_counts_as_last_updated_whatever_the_order(place: Place) -> None:
    later = ticket(status="solved", updated_at="2025-08-12T05:36:12Z")
    land(place, "tickets", "tickets", later, ticket())
    newest = "SELECT arg_max(status, updated_at), count(*) FROM raw_zendesk.tickets GROUP BY ticket_id"
    assert place.exposed(newest) == [("resolved", 2)]
    assert bundle.load(ZENDESK).tables["tickets"].version_at == ("updated_at",)


def test_numbers_keep_all_their_digits(place: Place) -> None:
    land(place, "tickets", "tickets", ticket(id=9007199254740993, group_id=None))
    assert place.rows("ticket_id", "assignee_id", "group_id", entity="tickets") == [
        ("9007199254740993", "370000000001", None)
    ]


def test_times_are_iso_and_the_moment_of_the_export_is_in_epoch_seconds(place: Place) -> None:
    land(place, "tickets", "tickets", ticket(generated_timestamp=1754890572))
    moment = datetime(2025, 8, 11, 5, 36, 12)
    assert place.rows("created_at", "generated_at", entity="tickets") == [(moment, moment)]


def test_a_deleted_ticket_lands_and_stays_a_case(place: Place) -> None:
    land(place, "tickets", "tickets", ticket(status="deleted"), ticket(id=2, status=None), ticket(id=3))
    assert bundle.load(ZENDESK).tables["tickets"].feeds["cases"] == ""
    assert place.rows("status", entity="tickets") == ["deleted", None, "open"]


def test_only_what_was_chosen_from_a_list_lands_of_custom_fields(place: Place) -> None:
    fields = [
        {"id": 1, "value": "late_delivery"}, {"id": 2, "value": CANARY}, {"id": 3, "value": None},
        {"id": 4, "value": ["late_delivery", CANARY]}, {"id": 5, "value": True},
    ]  # fmt: skip
    land(place, "tickets", "tickets", ticket(tags=["vip", "late_delivery"], custom_fields=fields))
    assert place.rows("field_id", "value", entity="ticket_custom_fields") == [
        ("1", "late_delivery"), ("2", None), ("3", None), ("4", None), ("5", None),
    ]  # fmt: skip
    assert CANARY.encode() not in place.written()


def test_one_audit_holds_several_events_in_order(place: Place) -> None:
    events = (
        change("group_id", "360000000001", "360000000002"),
        change("status", "hold", "solved"),
        change("tags", ["a"], ["a", CANARY]),
        change("360021289254", "old", CANARY),
        {"type": "Notification", "subject": CANARY, "body": CANARY, "recipients": [1]},
    )
    land(place, "ticket_audits", "audits", audit(1, *events))
    assert place.rows(
        "event_number", "event_type", "field", "old_value", "new_value", entity="ticket_events"
    ) == [
        (1, "Change", "group_id", "360000000001", "360000000002"),
        (2, "Change", "status", "on_hold", "resolved"),
        (3, "Change", "tags", None, None),
        (4, "Change", "360021289254", None, None),
        (5, "Notification", None, None, None),
    ]
    handed = bundle.load(ZENDESK).tables["ticket_events"].feeds["case_changes"]
    assert place.exposed(f"SELECT count(*) FROM raw_zendesk.ticket_events WHERE {handed}") == [(2,)]
    assert CANARY.encode() not in place.written()


def test_an_audit_that_comes_in_two_files_has_one_key(place: Place) -> None:
    solving = audit(1, change("status", "open", "solved"), change("group_id", None, "360000000002"))
    place.put("a/ticket_audits.json", json.dumps({"audits": [solving]}))
    place.put(
        "b/ticket_audits.json",
        json.dumps({"audits": [audit(2, change("status", "solved", "open")), solving]}),
    )
    place.vendor(ZENDESK, "ticket_audits").land()
    assert bundle.load(ZENDESK).tables["ticket_events"].key == ("event_id",)
    rows = place.rows("event_id", "audit_id", "field", "old_value", "new_value", entity="ticket_events")
    assert (len(rows), len(set(rows)), len({row[0] for row in rows})) == (5, 3, 3)


def test_of_a_comment_features_land_and_a_redacted_one_says_so(place: Place) -> None:
    comments = (
        {"type": "Comment", "body": f"Where is {CANARY}?", "public": True, "author_id": 390000000001},
        {"type": "Comment", "body": "My card is ▇▇▇▇ ▇▇▇▇", "public": False},
        {"type": "CommentRedactionEvent", "comment_id": 1},
    )
    land(place, "ticket_audits", "audits", audit(1, *comments))
    columns = ("author_id", "is_public", "is_redacted", "n_words", "has_question")
    assert place.rows(*columns, entity="ticket_comments") == [
        ("390000000001", True, False, 3, True),
        ("370000000001", False, True, 5, False),
    ]
    assert CANARY.encode() not in place.written()


@pytest.mark.parametrize(("score", "is_asked"), [("good", 1), ("bad", 1), ("offered", 1), ("unoffered", 0)])
def test_a_rating_that_was_never_offered_is_no_survey(place: Place, score: str, is_asked: int) -> None:
    rating = {"id": 1, "ticket_id": 2, "score": score, "created_at": MOMENT, "updated_at": MOMENT}
    land(place, "satisfaction_ratings", "satisfaction_ratings", {**rating, "comment": CANARY})
    condition = bundle.load(ZENDESK).tables["satisfaction_ratings"].feeds["surveys"]
    found = place.exposed(f"SELECT count(*) FROM raw_zendesk.satisfaction_ratings WHERE {condition}")
    assert found == [(is_asked,)]
    assert CANARY.encode() not in place.written()


def test_clocks_have_targets_only_where_a_policy_is_applied(place: Place) -> None:
    event = {"id": 1, "ticket_id": 2, "metric": "reply_time", "instance_id": 1, "time": MOMENT}
    sla = {"target": 60, "business_hours": False, "policy": {"id": 360100000001, "title": CANARY}}
    land(
        place, "ticket_metric_events", "ticket_metric_events",
        {**event, "type": "activate"}, {**event, "id": 3, "type": "apply_sla", "sla": sla},
        {**event, "id": 4, "type": "measure"},
    )  # fmt: skip
    assert place.rows("event_type", "policy_id", "target_minutes", entity="ticket_metric_events") == [
        ("activate", None, None), ("apply_sla", "360100000001", 60.0), ("measure", None, None),
    ]  # fmt: skip


def test_a_user_leaves_hashes_and_agents_no_customer_number(place: Place) -> None:
    person = {"id": 390000000001, "role": "end-user", "name": CANARY, "email": f"{CANARY}@{CANARY}.example"}
    land(
        place, "users", "users",
        {**person, "external_id": CANARY, "phone": "+4915170701051", "notes": CANARY},
        {**person, "id": 2, "role": "agent", "external_id": "A-1"},
    )  # fmt: skip
    (customer, agent) = place.rows("customer_number", "role", entity="users")
    assert (customer[0] is None, agent) == (False, (None, "agent"))
    assert CANARY.lower().encode() not in place.written().lower()


def test_new_fields_cost_nothing_and_are_reported_where_they_are_beside_the_list(place: Place) -> None:
    delivery = land(place, "tickets", "tickets", ticket(mood=CANARY), brand_new=f"{CANARY} too")
    assert delivery.columns_extra == ("brand_new",)
    assert place.rows("ticket_id", entity="tickets") == ["35436"]
    assert CANARY.encode() not in place.written()


def test_a_ticket_of_an_extractor_lands_beside_those_of_pages(place: Place) -> None:
    delivery = extracted(
        place, "extracted_tickets", extracted_ticket(status="hold", via_followup_source_id="7")
    )
    assert delivery.columns_extra == ()
    columns = ("ticket_id", "status", "created_at", "assignee_id", "via_relation", "via_ticket_id", "n_words")
    moment = datetime(2025, 8, 11, 5, 36, 12)
    assert place.rows(*columns, entity="tickets") == [
        ("35436", "on_hold", moment, None, "follow_up", "7", 3)
    ]  # fmt: skip
    assert CANARY.encode() not in place.written()


def test_a_ticket_has_one_key_in_pages_and_in_tables(place: Place) -> None:
    place.put(
        "tickets.json", json.dumps({"tickets": [ticket(status="solved", updated_at="2025-08-12T05:36:12Z")]})
    )
    place.put("extracted_tickets.csv", "id,created_at,updated_at,status,requester_id\n"
              "35436,2025-08-11 05:36:12,2025-08-11 05:36:12,open,390000000001\n")  # fmt: skip
    place.vendor(ZENDESK, "tickets", "extracted_tickets").land()
    newest = (
        "SELECT arg_max(status, updated_at), count(*), count(DISTINCT requester_key) FROM raw_zendesk.tickets"
    )
    assert place.exposed(f"{newest} GROUP BY ticket_id") == [("resolved", 2, 1)]


def test_a_custom_field_is_a_column_of_the_table(place: Place) -> None:
    extracted(place, "extracted_tickets", extracted_ticket(custom_reason="late_delivery"))
    assert place.rows("reason", "product", entity="tickets") == [("late_delivery", None)]


def test_a_history_of_fields_holds_new_values_alone(place: Place) -> None:
    extracted(
        place, "extracted_field_history",
        given("status", "hold"), given("group_id", "360000000002", user_id="370000000001"),
        given("assignee_id", ""), given("subject", CANARY), given("custom_notes", CANARY),
    )  # fmt: skip
    columns = ("field", "value", "author_id", "changed_at")
    moment = datetime(2025, 8, 11, 5, 36, 12)
    assert place.rows(*columns, entity="ticket_field_history") == [
        ("status", "on_hold", None, moment),
        ("group_id", "360000000002", "370000000001", moment),
        ("assignee_id", None, None, moment),
        ("subject", None, None, moment),
        ("custom_notes", None, None, moment),
    ]
    assert CANARY.encode() not in place.written()


def test_users_groups_and_comments_of_an_extractor_leave_no_names(place: Place) -> None:
    extracted(
        place, "extracted_users",
        {"id": "390000000001", "role": "end-user", "name": CANARY, "email": f"{CANARY}@{CANARY}.example",
         "phone": "+4915170701051", "external_id": CANARY, "organization_id": "", "active": "TRUE",
         "updated_at": "2025-08-11 05:36:12", "notes": CANARY},
    )  # fmt: skip
    extracted(
        place, "extracted_comments",
        {"id": "1", "ticket_id": "35436", "created": "2025-08-11 05:36:12", "user_id": "390000000001",
         "public": "TRUE", "voice_comment": "FALSE", "body": f"Where is {CANARY}?"},
    )  # fmt: skip
    extracted(
        place, "extracted_groups",
        {"id": "360000000001", "name": "Billing", "_fivetran_deleted": "TRUE",
         "updated_at": "2025-08-11 05:36:12"},
    )  # fmt: skip
    assert place.rows("role", "is_active", entity="users") == [("end-user", True)]
    assert place.rows("is_public", "n_words", "has_question", entity="ticket_comments") == [(True, 3, True)]
    assert place.rows("team_id", "is_deleted", entity="groups") == [("360000000001", True)]
    assert CANARY.lower().encode() not in place.written().lower()


def test_policies_of_an_extractor_have_targets_and_the_times_they_were_applied(place: Place) -> None:
    moment = "2025-08-11 05:36:12"
    extracted(
        place, "extracted_sla_targets",
        {"sla_policy_id": "1", "index": "0", "sla_policy_updated_at": moment, "business_hours": "TRUE",
         "metric": "first_reply_time", "priority": "urgent", "target": "60"},
    )  # fmt: skip
    assert place.rows("metric", "target_minutes", "is_business_hours", entity="sla_policy_metrics") == [
        ("first_reply_time", 60.0, True)
    ]
    extracted(
        place, "extracted_ticket_slas",
        {"ticket_id": "35436", "sla_policy_id": "1", "policy_applied_at": moment},
    )  # fmt: skip
    assert place.rows("ticket_id", "policy_id", "applied_at", entity="ticket_slas") == [
        ("35436", "1", datetime(2025, 8, 11, 5, 36, 12))
    ]


def test_opening_hours_are_minutes_of_a_week_and_holidays_are_days(place: Place) -> None:
    extracted(
        place, "extracted_schedules",
        {"id": "1", "start_time": "1920", "end_time": "2640", "start_time_utc": "2340", "end_time_utc": "3060",
         "time_zone": "Pacific Time (US & Canada)", "name": CANARY, "_fivetran_deleted": "FALSE"},
    )  # fmt: skip
    assert place.rows("start_minute", "end_minute", "zone", entity="schedule_hours") == [
        (1920, 2640, "Pacific Time (US & Canada)")
    ]
    extracted(
        place, "extracted_holidays",
        {"id": "2", "schedule_id": "1", "start_date": "2025-12-25", "end_date": "2025-12-26", "name": CANARY,
         "_fivetran_deleted": "FALSE"},
    )  # fmt: skip
    assert place.rows("schedule_id", "first_day", "last_day", entity="schedule_holidays") == [
        ("1", date(2025, 12, 25), date(2025, 12, 26))
    ]
    assert CANARY.encode() not in place.written()
