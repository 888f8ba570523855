"""Zendesk's pages have the documented keys, are complete, and their audits form an unbroken story."""

from collections import Counter, defaultdict
from typing import Any

import pytest

from seeds.simulator.exports.zendesk import FEEDS, PAGE, VENDOR
from tests.integration.simulator.exports.crm_rows import (
    ODD_TEXT,
    Made,
    digests,
    export,
    filled,
    kind_of,
    sample,
)

# Keys of the vendor's documentation.
DOCUMENTED = {
    "tickets": "id url subject description status priority requester_id assignee_id group_id organization_id via"
    " created_at updated_at custom_fields tags",
    "ticket_audits": "id ticket_id author_id created_at via metadata events",
    "ticket_metrics": "reopens replies assignee_stations group_stations assigned_at initially_assigned_at"
    " assignee_updated_at requester_updated_at latest_comment_added_at custom_status_updated_at created_at"
    " reply_time_in_minutes first_resolution_time_in_minutes full_resolution_time_in_minutes"
    " agent_wait_time_in_minutes requester_wait_time_in_minutes on_hold_time_in_minutes",
    "ticket_metric_events": "id ticket_id metric instance_id type time",
    "satisfaction_ratings": "id url score comment ticket_id requester_id assignee_id group_id created_at updated_at",
    "users": "id name email phone role external_id organization_id",
    "groups": "id name created_at updated_at url",
    "organizations": "id name created_at updated_at url",
    "sla_policies": "id title filter policy_metrics",
}
# Columns of the landed samples that the API has elsewhere, and those that the extractor makes itself.
ELSEWHERE = {
    "via_channel": "via.channel",
    "via_source_from_id": "via.source.from.id",
    "via_source_from_title": "via.source.from.title",
    "via_source_from_address": "via.source.from.address",
    "via_source_rel": "via.source.rel",
    "via_source_to_address": "via.source.to.address",
    "via_source_to_name": "via.source.to.name",
    "via_followup_source_id": "via.source.from.ticket_id",
}
MADE_BY_EXTRACTOR = {"system_client", "merged_ticket_ids"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return export(VENDOR, tmp_path_factory.mktemp("zendesk"))


def objects(made: Made, name: str) -> list[dict[str, Any]]:
    return [one for _, page in made.pages(name) for one in page[FEEDS[name].key]]


def at(one: Any, path: str) -> Any:
    for key in path.split("."):
        one = one[key]
    return one


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_keys_are_there(made: Made, name: str) -> None:
    found = objects(made, name)
    assert found
    assert all(set(DOCUMENTED[name].split()) <= set(one) for one in found)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("ticket_data", "tickets"),
        ("user_data", "users"),
        ("group_data", "groups"),
        ("organization_data", "organizations"),
    ],
)
@pytest.mark.real_data
def test_everything_a_sample_shows_is_there(made: Made, path: str, name: str) -> None:
    rows = sample(f"zendesk/{path}.csv")
    found = objects(made, name)
    for column in set(rows[0]) - MADE_BY_EXTRACTOR:
        values = [at(one, ELSEWHERE.get(column, column)) for one in found]
        ours = [str(one) for one in values if one is not None]
        if filled(rows, column) and ours:
            assert kind_of(ours) == kind_of(filled(rows, column)), column


@pytest.mark.real_data
def test_fields_changes_and_comments_of_the_samples_are_exported(made: Made) -> None:
    events = [event for audit in objects(made, "ticket_audits") for event in audit["events"]]
    changed = {event["field_name"] for event in events if event["type"] == "Change"}
    assert {"status", "assignee_id", "group_id"} <= changed
    comments = [event for event in events if event["type"] == "Comment"]
    shown = {"id", "body", "public"} & set(sample("zendesk/ticket_comment_data.csv")[0])
    assert all(shown <= set(event) for event in comments)
    metrics = objects(made, "sla_policies")[0]["policy_metrics"]
    shown = {"business_hours", "metric", "priority", "target"}
    assert shown <= set(sample("zendesk/sla_policy_metric_history_data.csv")[0])
    assert all(shown <= set(metric) for metric in metrics)


@pytest.mark.parametrize("name", FEEDS)
def test_pages_are_complete_and_nothing_comes_twice_on_a_day(made: Made, name: str) -> None:
    by_folder: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, page in made.pages(name):
        by_folder[path.parent.name].append(page)
    for pages in by_folder.values():
        sizes = [len(page[FEEDS[name].key]) for page in pages]
        assert all(size == PAGE for size in sizes[:-1])
        assert 0 < sizes[-1] <= PAGE
        ids = [one["id"] for page in pages for one in page[FEEDS[name].key]]
        if name != "satisfaction_ratings":
            assert len(set(ids)) == len(ids)
        if FEEDS[name].is_cursor:
            assert [page["end_of_stream"] for page in pages] == [False] * (len(pages) - 1) + [True]
            cursors = [page["after_cursor"] for page in pages]
            assert len(set(cursors)) == len(cursors)
            assert all(page["after_url"].endswith(f"cursor={page['after_cursor']}") for page in pages)
        if not FEEDS[name].due:
            assert [page["next_page"] is None for page in pages] == [False] * (len(pages) - 1) + [True]
            assert {page["count"] for page in pages} == {sum(sizes)}


def test_ids_are_numbers(made: Made) -> None:
    for ticket in objects(made, "tickets"):
        assert isinstance(ticket["id"], int)
        assert isinstance(ticket["requester_id"], int)
        assert ticket["assignee_id"] is None or isinstance(ticket["assignee_id"], int)
    assert all(isinstance(one["id"], int) for name in FEEDS for one in objects(made, name))


def test_every_ticket_comes_and_ends_as_the_case(made: Made) -> None:
    last = {ticket["id"]: ticket for ticket in objects(made, "tickets")}
    words = {"on_hold": "hold", "resolved": "solved"}
    cases = made.rows("SELECT case_id::BIGINT, status, owner_id::BIGINT FROM cases")
    assert {case: (status, owner) for case, status, owner in cases} == {
        case: ({v: k for k, v in words.items()}.get(one["status"], one["status"]), one["assignee_id"])
        for case, one in last.items()
    }
    assert {one["status"] for one in objects(made, "tickets")} <= {
        "new",
        "open",
        "pending",
        "hold",
        "solved",
        "closed",
    }
    assert ODD_TEXT in {one["description"] for one in last.values()}


def test_audits_come_in_order_and_begin_with_the_creation(made: Made) -> None:
    by_ticket: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for audit in objects(made, "ticket_audits"):
        by_ticket[audit["ticket_id"]].append(audit)
    assert set(by_ticket) == {case for (case,) in made.rows("SELECT case_id::BIGINT FROM cases")}
    for audits in by_ticket.values():
        assert [audit["id"] for audit in audits] == sorted(audit["id"] for audit in audits)
        times = [audit["created_at"] for audit in audits]
        assert times == sorted(times)
        assert {"Create", "Comment"} <= {event["type"] for event in audits[0]["events"]}
        assert not any(event["type"] == "Create" for audit in audits[1:] for event in audit["events"])


def test_each_change_begins_where_the_record_says(made: Made) -> None:
    now: dict[tuple[int, str], str] = {}
    n_changes = n_gaps = 0
    for audit in objects(made, "ticket_audits"):
        for event in audit["events"]:
            if event["type"] == "Create":
                now[audit["ticket_id"], event["field_name"]] = event["value"]
            if event["type"] == "Change":
                key = (audit["ticket_id"], event["field_name"])
                n_gaps += now.get(key) != event["previous_value"]
                now[key] = event["value"]
                n_changes += 1
    assert n_changes == made.rows("SELECT count(*) FROM case_changes")[0][0]
    recorded = made.rows(
        "SELECT count(*) FROM (SELECT old_value, lag(new_value) OVER (PARTITION BY case_id, field "
        "ORDER BY change_seq) AS before FROM case_changes) WHERE before <> old_value"
    )
    assert n_gaps == recorded[0][0]


def test_comments_are_messages_and_notes(made: Made) -> None:
    audits = objects(made, "ticket_audits")
    public = Counter(
        event["public"] for audit in audits for event in audit["events"] if event["type"] == "Comment"
    )
    last = f"DATE '{made.delivery.last_day}'"
    n_cases = made.rows("SELECT count(*) FROM cases")[0][0]
    n_messages = made.rows(f"SELECT count(*) FROM messages WHERE case_id IS NOT NULL AND sent_at < {last}")[
        0
    ][0]
    assert public[True] == n_cases + n_messages
    assert public[False] == made.rows(f"SELECT count(*) FROM notes WHERE created_at < {last}")[0][0]
    contacts = {audit["metadata"]["custom"]["contact_id"] for audit in audits} - {None}
    assert contacts
    assert contacts <= {
        one for (one,) in made.rows("SELECT contact_id FROM messages UNION SELECT contact_id FROM notes")
    }


def test_stations_count_groups_and_assignees(made: Made) -> None:
    found = {one["ticket_id"]: one for one in objects(made, "ticket_metrics")}
    for case, n_groups, n_reopens in made.rows(
        "SELECT case_id::BIGINT, vendor_reassignment_count, vendor_reopen_count FROM cases"
    ):
        assert found[case]["group_stations"] == n_groups + 1
        assert found[case]["reopens"] == n_reopens


def test_metric_events_rebuild_the_clocks(made: Made) -> None:
    kinds = Counter(event["type"] for event in objects(made, "ticket_metric_events"))
    n_by_event = dict(made.rows("SELECT event, count(*) FROM sla_events GROUP BY event"))
    assert kinds["apply_sla"] == n_by_event["start"]
    assert kinds["activate"] == n_by_event["start"] + n_by_event.get("resume", 0)
    assert kinds["pause"] == n_by_event.get("pause", 0)
    assert kinds["breach"] == n_by_event["breached"]
    assert kinds["fulfill"] == n_by_event["met"]


def test_ratings_are_the_answers_about_tickets(made: Made) -> None:
    scores = Counter(one["score"] for one in objects(made, "satisfaction_ratings"))
    assert set(scores) == {"offered", "good", "bad"}
    last = f"DATE '{made.delivery.last_day}'"
    good = made.rows(
        f"SELECT count(*) FROM surveys WHERE case_id IS NOT NULL AND value >= 4 AND answered_at < {last}"
    )
    assert scores["good"] == good[0][0]


def test_users_lead_back_to_customers_and_agents(made: Made) -> None:
    numbers = {user["external_id"] for user in objects(made, "users")}
    assert numbers == {
        one for (one,) in made.rows("SELECT customer_id FROM customers UNION SELECT agent_id FROM agents")
    }
    phones = [one for one in objects(made, "user_identities") if one["type"] == "phone_number"]
    assert len(phones) == made.rows("SELECT sum(len(phones)) FROM customers")[0][0]


def test_the_same_centre_is_written_the_same_way_again(
    made: Made, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = export(VENDOR, tmp_path_factory.mktemp("again"))
    assert digests(again.folder) == digests(made.folder)
