"""ServiceNow's tables have the columns of the samples, and their audit and clocks agree with the records."""

import re
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from seeds.simulator.exports.servicenow import VENDOR, sys_id
from tests.integration.simulator.exports.crm_rows import (
    ODD_TEXT,
    Made,
    digests,
    export,
    filled,
    kind_of,
    sample,
)

# Column names of the vendor's documentation; a `_value` has its `_link`.
DOCUMENTED = {
    "incident": "sys_id number incident_state assignment_group_value assigned_to_value caller_id_value category"
    " subcategory contact_type impact urgency priority escalation made_sla knowledge reassignment_count reopen_count"
    " reopened_time hold_reason resolved_at closed_at business_duration calendar_duration sys_created_on"
    " sys_updated_on sys_mod_count",
    "sys_audit": "sys_id tablename fieldname documentkey user oldvalue newvalue sys_created_on",
    "task_sla": "task_value sla_value stage has_breached start_time end_time planned_end_time original_breach_time"
    " duration business_duration pause_duration business_pause_duration percentage business_percentage time_left"
    " schedule_value timezone",
    "sys_journal_field": "sys_id name element element_id value sys_created_by sys_created_on",
    "kb_knowledge": "sys_id number version article_id short_description text workflow_state published valid_to",
    "kb_use": "sys_id article_value user_value viewed used sys_created_on",
    "m2m_kb_task": "sys_id kb_knowledge_value task_value sys_created_on",
    "contract_sla": "sys_id name duration schedule_value start_condition",
}
SAMPLES = {
    "incident_data": "incident",
    "task_data": "incident",
    "task_sla_data": "task_sla",
    "sys_user_data": "sys_user",
    "sys_user_group_data": "sys_user_group",
    "sys_user_grmember_data": "sys_user_grmember",
}
STATES = {"new": "1", "open": "2", "pending": "3", "on_hold": "3", "resolved": "6", "closed": "7"}
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return export(VENDOR, tmp_path_factory.mktemp("servicenow"))


@pytest.fixture(scope="module")
def last(made: Made) -> dict[str, dict[str, str]]:
    return {row["sys_id"]: row for row in made.csv("incident")}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_columns_are_there(made: Made, name: str) -> None:
    rows = made.csv(name)
    assert rows
    assert set(DOCUMENTED[name].split()) <= set(rows[0])


@pytest.mark.parametrize("name", [*DOCUMENTED, "sys_user", "sys_user_group", "sys_user_grmember"])
def test_references_are_pairs_and_ids_have_32_digits(made: Made, name: str) -> None:
    rows = made.csv(name)
    pairs = [
        column.removesuffix("_value")
        for column in rows[0]
        if f"{column.removesuffix('_value')}_link" in rows[0]
    ]
    for row in rows:
        assert re.fullmatch(r"[0-9a-f]{32}", row["sys_id"])
        for pair in pairs:
            assert row[f"{pair}_link"].rpartition("/")[2] == row[f"{pair}_value"]


@pytest.mark.parametrize("path", SAMPLES)
@pytest.mark.real_data
def test_everything_a_sample_shows_is_there(made: Made, path: str) -> None:
    rows = sample(f"servicenow/{path}.csv")
    ours = made.csv(SAMPLES[path])
    assert set(rows[0]) <= set(ours[0])
    for column in rows[0]:
        theirs = filled(rows, column)
        values = filled(ours, column)
        if theirs and values and not column.endswith("_link"):
            assert comparable(theirs) == comparable(values), column


def comparable(values: list[str]) -> str:
    """Kinds that a sample of one row leaves open count as text: its ids are masked, its texts invented."""
    kind = kind_of(values)
    return "text" if kind == "hex id" or set(values) == {"global"} else kind


def test_times_are_utc_without_an_offset(made: Made) -> None:
    for name in ("incident", "sys_audit", "task_sla"):
        for row in made.csv(name):
            assert re.fullmatch(STAMP, row["sys_created_on"])


def test_numbers_and_codes(made: Made, last: dict[str, dict[str, str]]) -> None:
    assert set(last) == {case for (case,) in made.rows("SELECT case_id FROM cases")}
    assert len({row["number"] for row in last.values()}) == len(last)
    assert all(re.fullmatch(r"INC00\d{5}", row["number"]) for row in last.values())
    assert {row["incident_state"] for row in last.values()} <= {"1", "2", "3", "6", "7"}
    assert {row["priority"] for row in last.values()} <= {"1", "2", "3", "4"}
    assert all((row["hold_reason"] != "") == (row["state"] == "3") for row in last.values())
    assert last[sys_id("incident", made.rows("SELECT min(case_key) FROM cases")[0][0])]
    assert ODD_TEXT in {row["description"] for row in last.values()}


def test_the_last_version_of_an_incident_is_the_case(made: Made, last: dict[str, dict[str, str]]) -> None:
    for case, status, owner, n_groups, n_reopens, code, is_met in made.rows(
        "SELECT case_id, status, owner_id, vendor_reassignment_count, vendor_reopen_count, resolution_code, "
        "is_sla_met FROM cases"
    ):
        row = last[case]
        assert row["state"] == STATES[status]
        assert row["assigned_to_value"] == (owner or "")
        assert int(row["reassignment_count"]) == n_groups
        assert int(row["reopen_count"]) == n_reopens
        assert row["close_code"] == ((code or "") if status in {"resolved", "closed"} else "")
        assert row["made_sla"] == ("false" if is_met is False else "true")


def test_escalation_is_what_was_recorded(made: Made, last: dict[str, dict[str, str]]) -> None:
    recorded = {case for (case,) in made.rows("SELECT case_id FROM escalations")} - {None}
    assert {case for case, row in last.items() if row["escalation"] != "0"} == recorded
    audited = {row["documentkey"] for row in made.csv("sys_audit") if row["fieldname"] == "escalation"}
    assert audited == recorded


def test_the_audit_holds_every_change_in_order(made: Made) -> None:
    by_field: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in made.csv("sys_audit"):
        by_field[row["documentkey"], row["fieldname"]].append(row)
    for rows in by_field.values():
        times = [row["sys_created_on"] for row in rows]
        assert times == sorted(times)
    n_groups = sum(len(rows) for (_, field), rows in by_field.items() if field == "assignment_group")
    n_owners = sum(len(rows) for (_, field), rows in by_field.items() if field == "assigned_to")
    counted = made.rows(
        "SELECT count(*) FILTER (field = 'group'), count(*) FILTER (field = 'owner') FROM case_changes"
    )
    assert (n_groups, n_owners) == counted[0]
    for (_, field), rows in by_field.items():
        if field in {"assignment_group", "assigned_to", "stage", "priority"}:
            assert all(before["newvalue"] == after["oldvalue"] for before, after in pairwise(rows))
    ids = [row["sys_id"] for rows in by_field.values() for row in rows]
    assert len(set(ids)) == len(ids)


def test_an_update_has_one_number_and_writes_its_state_twice(made: Made) -> None:
    audited: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    moments: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in made.csv("sys_audit"):
        key = (row["documentkey"], row["record_checkpoint"])
        audited[row["fieldname"]].add((*key, row["oldvalue"], row["newvalue"]))
        moments[key].add(row["sys_created_on"])
    assert audited["state"]
    assert audited["state"] == audited["incident_state"]
    assert {len(found) for found in moments.values()} == {1}


def test_groups_lead_back_to_teams(made: Made) -> None:
    groups = [(row["u_team_id"], row["name"]) for row in made.csv("sys_user_group")]
    assert sorted(groups) == made.rows(
        "SELECT team_id, arg_max(team, valid_from) FROM teams GROUP BY ALL ORDER BY 1"
    )


def test_group_ids_of_the_audit_are_groups(made: Made) -> None:
    groups = {row["sys_id"] for row in made.csv("sys_user_group")}
    audited = [row for row in made.csv("sys_audit") if row["fieldname"] == "assignment_group"]
    assert audited
    assert all({row["oldvalue"], row["newvalue"]} <= groups for row in audited)


def test_clocks_agree_with_their_events(made: Made) -> None:
    clocks = {row["sys_id"]: row for row in made.csv("task_sla")}
    counted = made.rows(
        "SELECT count(*) FILTER (event = 'start'), count(*) FILTER (event = 'breached') FROM sla_events"
    )
    breached = [row for row in clocks.values() if row["has_breached"] == "true"]
    assert (len(clocks), len(breached)) == counted[0]
    for row in clocks.values():
        assert (float(row["business_percentage"]) >= 100) == (row["has_breached"] == "true")
        assert (
            not row["end_time"] or row["has_breached"] == "true" or row["end_time"] <= row["planned_end_time"]
        )
        assert row["stage"] in {"in_progress", "paused", "completed", "cancelled"}
    policies = {row["sys_id"] for row in made.csv("contract_sla")}
    assert {row["sla_value"] for row in clocks.values()} <= policies


def test_durations_are_moments_after_1970(made: Made) -> None:
    paused = [row for row in made.csv("task_sla") if row["pause_duration"] and row["stage"] == "completed"]
    assert paused
    paused_seconds = {
        case: int(seconds)
        for case, seconds in made.rows(
            "SELECT case_id, sum(CASE event WHEN 'resume' THEN epoch(event_at) ELSE -epoch(event_at) END) "
            "FROM sla_events WHERE event IN ('pause', 'resume') GROUP BY case_id"
        )
    }
    for row in paused:
        found = datetime.fromisoformat(row["pause_duration"]) - datetime(1970, 1, 1)
        assert found == timedelta(seconds=paused_seconds[row["task_value"]])


def test_journal_holds_messages_and_notes(made: Made) -> None:
    entries = made.csv("sys_journal_field")
    limit = f"DATE '{made.delivery.last_day}'"
    messages = made.rows(f"SELECT count(*) FROM messages WHERE case_id IS NOT NULL AND sent_at < {limit}")
    notes = made.rows(f"SELECT count(*) FROM notes WHERE created_at < {limit}")
    assert sum(row["element"] == "comments" for row in entries) == messages[0][0]
    assert sum(row["element"] == "work_notes" for row in entries) == notes[0][0]


def test_used_articles_exist(made: Made) -> None:
    articles = {row["sys_id"] for row in made.csv("kb_knowledge")}
    assert {row["kb_knowledge_value"] for row in made.csv("m2m_kb_task")} <= articles
    assert {row["article_value"] for row in made.csv("kb_use")} <= articles


def test_users_lead_back_to_customers_and_agents(made: Made) -> None:
    numbers = {row["employee_number"] for row in made.csv("sys_user")}
    assert numbers == {
        one for (one,) in made.rows("SELECT customer_id FROM customers UNION SELECT agent_id FROM agents")
    }


def test_the_same_centre_is_written_the_same_way_again(
    made: Made, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = export(VENDOR, tmp_path_factory.mktemp("again"))
    assert digests(again.folder) == digests(made.folder)
