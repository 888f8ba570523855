"""Traps of ServiceNow exports: each lands as what it means, and no text or name lands at all."""

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest

from orchestration.sources import contract, source_files
from orchestration.sources.connectors import bundle
from tests.stages.place import Place

SERVICENOW = "servicenow"
INCIDENT, OTHER = "1c741bd70b2322007518478d83673af3", "9d385017c611228701d22104cc95c371"
ANNA, BEN = "5a0c1e2b3d4f5a6b7c8d9e0f1a2b3c4d", "6b1d2f3c4e5a6b7c8d9e0f1a2b3c4d5e"
DESK = "287ebd7da9fe198100f92cc8d1d2154e"
MOMENT = "2025-08-11 05:36:12"
CANARY = "canaryUnseen"


def export(*rows: dict[str, str]) -> str:
    """A CSV as the instance writes it: quotes only where they are needed."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def incident(**fields: str) -> dict[str, str]:
    """An incident in pairs of references; those that are given otherwise replace theirs."""
    pairs = {"caller_id": ANNA, "assigned_to": BEN, "assignment_group": DESK}
    linked = {
        f"{name}_{part}": value if part == "value" else f"https://desk.example/{name}/{value}"
        for name, value in pairs.items()
        if name not in fields
        for part in ("link", "value")
    }
    return {
        "sys_id": INCIDENT, "number": "INC0010001", "sys_class_name": "incident", "opened_at": MOMENT,
        "sys_created_on": MOMENT, "sys_updated_on": MOMENT, "sys_mod_count": "3", "category": "software",
        "subcategory": "", "close_code": "", "reopen_count": "0", **linked, **fields,
    }  # fmt: skip


def reference(value: str, shown: str = "") -> dict[str, str]:
    """A reference as the REST interface of tables writes it."""
    return {"link": f"https://desk.example/{value}", "value": value} | (
        {"display_value": shown} if shown else {}
    )


def audit(number: int, field: str, old: str, new: str, table: str = "incident") -> dict[str, str]:
    return {
        "sys_id": f"{number:032x}", "tablename": table, "fieldname": field, "documentkey": INCIDENT,
        "user": "ben.baker", "oldvalue": old, "newvalue": new, "record_checkpoint": str(number),
        "sys_created_on": MOMENT, "reason": "",
    }  # fmt: skip


def clock(**fields: str) -> dict[str, str]:
    return {
        "sys_id": OTHER, "task_value": INCIDENT, "sla_value": DESK, "stage": "In progress",
        "has_breached": "false", "start_time": MOMENT, "end_time": "", "sys_created_on": MOMENT,
        "sys_updated_on": MOMENT, **fields,
    }  # fmt: skip


def land(place: Place, file_set: str, *rows: dict[str, str], **settings: dict[str, Any]) -> Any:
    place.put(f"{file_set}.csv", export(*rows))
    delivery = place.vendor(SERVICENOW, file_set, **settings).land_one()
    assert delivery.is_landed, delivery.reason
    return delivery


def test_every_table_of_the_export_has_one_of_ours() -> None:
    connector = bundle.load(SERVICENOW)
    assert {file_set: list(known["feeds"]) for file_set, known in connector.file_sets.items()} == {
        "incident": ["incidents"], "task": ["tasks"], "sys_audit": ["audits"], "sys_audit_delete": ["deletions"],
        "sys_journal_field": ["journal_entries"], "task_sla": ["task_slas"], "contract_sla": ["sla_definitions"],
        "sys_user": ["users"], "sys_user_group": ["groups"], "sys_user_grmember": ["group_members"],
        "kb_knowledge": ["article_versions"], "kb_use": ["article_uses"], "m2m_kb_task": ["task_articles"],
    }  # fmt: skip
    assert {e for table in connector.tables.values() for e in table.feeds} <= set(contract.entities())


def test_references_come_as_pairs_or_as_bare_ids(place: Place) -> None:
    bare = {"caller_id": ANNA, "assigned_to": BEN, "assignment_group": DESK}
    names = ("caller_key", "assigned_to", "assigned_to_key", "assignment_group")
    place.put("1/incident.csv", export(incident()))
    place.put("2/incident.csv", export(incident(sys_id=OTHER, **bare)))
    place.vendor(SERVICENOW, "incident").land()
    pairs, ids = place.rows(*names, entity="incidents")
    assert pairs == ids
    assert pairs[1::2] == (BEN, DESK)
    assert not place.faults()


def test_what_is_shown_for_a_person_lands_as_the_hash_of_the_name(place: Place) -> None:
    shown = {"caller_id": "Anna Able", "assigned_to": "Ben Baker", "assignment_group": "Service Desk"}
    place.put("incident.csv", export(incident(**shown)))
    place.put("sys_user.csv", export({"sys_id": BEN, "name": "Ben Baker", "user_name": "ben.baker"}))
    place.put("sys_audit.csv", export(audit(1, "priority", "3", "1")))
    place.vendor(SERVICENOW, "incident", "sys_user", "sys_audit").land()
    ((bare, key, group),) = place.rows(
        "assigned_to", "assigned_to_key", "assignment_group", entity="incidents"
    )
    assert (bare, group) == (None, "Service Desk")
    assert [key] == place.rows("name_key", entity="users")
    assert place.rows("changed_by_key", entity="audits") == place.rows("user_name_key", entity="users")
    for name in (b"Able", b"Baker", b"ben.baker"):
        assert name not in place.written()


def test_a_user_is_known_bare_only_as_a_member_of_a_group(place: Place) -> None:
    place.put("sys_user.csv", export({"sys_id": ANNA, "name": "A"}, {"sys_id": BEN, "name": "B"}))
    member = {"sys_id": OTHER, "group_value": DESK, "user_value": BEN}
    place.put("sys_user_grmember.csv", export(member))
    place.vendor(SERVICENOW, "sys_user", "sys_user_grmember").land()
    keys = place.rows("user_key", entity="users")
    assert place.rows("user_id", "user_key", entity="group_members") == [(BEN, keys[1])]
    assert ANNA.encode() not in place.written()


def test_the_group_and_the_user_of_a_member_may_be_one_column_each(place: Place) -> None:
    land(place, "sys_user_grmember", {"sys_id": OTHER, "group": "Service Desk", "user": "Ben Baker"})
    assert place.rows("group_id", "user_id", entity="group_members") == [("Service Desk", None)]
    assert b"Baker" not in place.written()


def test_a_table_of_references_alone_is_refused_without_them(place: Place) -> None:
    row = clock()
    del row["task_value"]
    place.put("task_sla.csv", export(row))
    reason = place.vendor(SERVICENOW, "task_sla").refused()
    assert "'task'" in reason
    assert "'task_value'" in reason


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Chicago"])
def test_times_are_utc_whatever_the_zone_of_the_centre(place: Place, zone: str) -> None:
    place.put("incident.csv", export(incident(), incident(sys_id=OTHER, sys_created_on=f"{MOMENT}.000000")))
    place.vendor(SERVICENOW, "incident")
    place.yaml.write_text(place.yaml.read_text(encoding="utf-8").replace("Europe/Berlin", zone), "utf-8")
    place.land_one()
    assert place.rows("created_at", entity="incidents") == [datetime(2025, 8, 11, 5, 36, 12)] * 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [("true", True), ("1", True), ("TRUE", True), ("false", False), ("0", False), ("", None)],
)
def test_flags_are_words_or_digits(place: Place, written: str, expected: bool | None) -> None:
    land(place, "incident", incident(made_sla=written, knowledge=written, _fivetran_deleted=written))
    names = ("is_sla_made", "is_knowledge_flagged", "is_deleted")
    assert place.rows(*names, entity="incidents") == [(expected,) * 3]


@pytest.mark.parametrize(
    ("code", "label", "expected"),
    [
        ("1", "New", "new"), ("2", "In Progress", "open"), ("3", "On Hold", "on_hold"),
        ("6", "Resolved", "resolved"), ("7", "Closed", "closed"), ("8", "Canceled", "closed"),
        ("-100", "", None), ("4", "Awaiting User Info", "pending"), ("42", "42", "42"),
    ],
)  # fmt: skip
def test_states_are_codes_or_labels(place: Place, code: str, label: str, expected: str | None) -> None:
    land(place, "incident", incident(incident_state=code), incident(sys_id=OTHER, incident_state=label))
    assert place.rows("state", entity="incidents") == [expected, expected]


def test_a_state_may_be_in_either_column(place: Place) -> None:
    land(
        place, "incident",
        incident(incident_state="6", state="6"), incident(sys_id=OTHER, incident_state="", state="2"),
    )  # fmt: skip
    assert place.rows("state", entity="incidents") == ["resolved", "open"]


@pytest.mark.parametrize(
    ("code", "label", "expected"),
    [("1", "1 - Critical", "urgent"), ("2", "2 - High", "high"), ("3", "3 - Moderate", "normal"),
     ("4", "4 - Low", "low"), ("5", "5 - Planning", "low")],
)  # fmt: skip
def test_priorities_are_codes_or_labels(place: Place, code: str, label: str, expected: str) -> None:
    land(place, "incident", incident(priority=code), incident(sys_id=OTHER, priority=label))
    assert place.rows("priority", entity="incidents") == [expected, expected]


@pytest.mark.parametrize(
    ("code", "label", "expected"),
    [("0", "Normal", 0), ("1", "Moderate", 1), ("2", "High", 2), ("3", "Overdue", 3), ("", "", None)],
)
def test_the_escalation_is_a_level(place: Place, code: str, label: str, expected: int | None) -> None:
    land(place, "incident", incident(escalation=code), incident(sys_id=OTHER, escalation=label))
    assert place.rows("escalation_level", entity="incidents") == [expected, expected]
    condition = bundle.load(SERVICENOW).tables["incidents"].feeds["escalations"]
    ((counted,),) = place.exposed(f"SELECT count(*) FROM raw_servicenow.incidents WHERE {condition}")
    assert counted == (2 if expected in (2, 3) else 0)


@pytest.mark.parametrize(
    ("code", "label", "expected"),
    [
        ("1", "Awaiting Caller", "pending"),
        ("4", "Awaiting Vendor", "on_hold"),
        ("9", "Own", "on_hold"),
        ("", "", None),
    ],
)
def test_waiting_is_for_the_caller_or_for_others(
    place: Place, code: str, label: str, expected: str | None
) -> None:
    land(place, "incident", incident(hold_reason=code), incident(sys_id=OTHER, hold_reason=label))
    assert place.rows("hold_reason", entity="incidents") == [expected, expected]


def test_the_same_code_means_different_things_in_different_fields(place: Place) -> None:
    fields = ("incident_state", "state", "hold_reason", "priority", "escalation")
    land(place, "sys_audit", *(audit(i, field, "2", "1") for i, field in enumerate(fields)))
    columns = [f"new_{name}" for name in ("state", "hold_reason", "priority", "level")]
    assert place.rows(*columns, entity="audits") == [
        ("new", None, None, None),
        ("new", None, None, None),
        (None, "pending", None, None),
        (None, None, "urgent", None),
        (None, None, None, 1),
    ]


def test_a_source_file_says_what_its_own_codes_mean(place: Place) -> None:
    own = {"feeds": {"incidents": {"state": {"from": "incident_state", "map": {"42": "on_hold"}}}}}
    land(place, "incident", incident(incident_state="42", priority="1"), incident=own)
    assert place.rows("state", "priority", entity="incidents") == [("on_hold", "urgent")]


def test_handoffs_are_changes_of_incidents_alone(place: Place) -> None:
    land(
        place, "sys_audit",
        audit(1, "assignment_group", "", DESK), audit(2, "assigned_to", ANNA, BEN),
        audit(3, "incident_state", "1", "2"), audit(4, "state", "1", "2"), audit(5, "priority", "3", "1"),
        audit(6, "hold_reason", "", "1"), audit(7, "short_description", CANARY, CANARY),
        audit(8, "work_notes", "JOURNAL FIELD ADDITION", CANARY), audit(9, "escalation", "1", "2"),
        audit(10, "escalation", "2", "3"), audit(11, "escalation", "0", "1"),
        audit(12, "assignment_group", "", DESK, "change_request"), audit(13, "has_breached", "0", "1", "task_sla"),
        audit(14, "escalation", "0", "3", "problem"),
    )  # fmt: skip
    assert CANARY.encode() not in place.written()
    ids = {}
    for entity, condition in bundle.load(SERVICENOW).tables["audits"].feeds.items():
        query = f"SELECT update_number FROM raw_servicenow.audits WHERE {condition} ORDER BY 1"
        ids[entity] = [number for (number,) in place.exposed(query)]
    assert ids == {"case_changes": [1, 2, 3, 5], "escalations": [9]}
    groups = place.rows("old_group", "new_group", "old_owner", "new_owner", entity="audits")
    assert groups[:2] == [(None, DESK, None, None), (None, None, ANNA, BEN)]
    assert set(groups[2:11]) == {(None,) * 4}


@pytest.mark.parametrize("user", ["system", "guest"])
def test_a_change_by_the_system_is_nobodys(place: Place, user: str) -> None:
    land(place, "sys_audit", audit(1, "priority", "3", "1") | {"user": user})
    assert place.rows("changed_by_key", entity="audits") == [None]


@pytest.mark.parametrize(
    "field", ["description", "caller_id", "u_secret", "close_notes", "comments", "number"]
)
def test_an_audit_keeps_no_values_of_what_may_be_text(place: Place, field: str) -> None:
    land(place, "sys_audit", audit(1, field, CANARY, f"{CANARY} too"))
    assert CANARY.encode() not in place.written()
    assert place.rows("field", entity="audits") == [field]


def test_an_owner_in_the_audit_is_an_id_or_nothing(place: Place) -> None:
    land(place, "sys_audit", audit(1, "assigned_to", "Ben Baker", BEN))
    assert place.rows("old_owner", "new_owner", entity="audits") == [(None, BEN)]
    assert b"Baker" not in place.written()


def test_elapsed_values_of_a_running_clock_are_stale_and_stay_out(place: Place) -> None:
    elapsed = {
        "duration": "1970-01-02 09:46:18", "business_duration": "1970-01-01 08:00:00", "percentage": "73.5",
        "business_percentage": "40", "pause_duration": "1970-01-01 00:30:00",
    }  # fmt: skip
    land(
        place, "task_sla",
        clock(**elapsed), clock(sys_id=DESK, stage="Completed", end_time="2025-08-13 05:36:12", **elapsed),
    )  # fmt: skip
    names = ("stage", "elapsed_seconds", "elapsed_business_seconds", "elapsed_percentage", "pause_seconds")
    assert place.rows(*names, entity="task_slas") == [
        ("in_progress", None, None, None, None),
        ("completed", 121_578, 28_800, 73.5, 1_800),
    ]


def test_a_task_has_many_clocks_and_each_lands(place: Place) -> None:
    land(
        place, "task_sla",
        clock(stage="Cancelled", has_breached="1"), clock(sys_id=DESK, stage="Completed"),
        clock(sys_id=BEN, stage="Paused", start_time=""),
    )  # fmt: skip
    assert place.rows("task_id", "stage", "has_breached", "started_at", entity="task_slas") == [
        (INCIDENT, "cancelled", True, datetime(2025, 8, 11, 5, 36, 12)),
        (INCIDENT, "completed", False, datetime(2025, 8, 11, 5, 36, 12)),
        (INCIDENT, "paused", False, datetime(2025, 8, 11, 5, 36, 12)),
    ]


def test_both_engines_land_side_by_side(place: Place) -> None:
    place.put("incident.csv", export(incident(made_sla="true")))
    place.put("task_sla.csv", export(clock(has_breached="true")))
    place.vendor(SERVICENOW, "incident", "task_sla").land()
    assert place.rows("is_sla_made", entity="incidents") == [True]
    assert place.rows("has_breached", entity="task_slas") == [True]


def test_a_target_is_so_many_seconds_after_1970(place: Place) -> None:
    land(
        place, "contract_sla",
        {"sys_id": DESK, "type": "SLA", "target": "Resolution", "duration": "1970-01-02 00:00:00"},
        {"sys_id": OTHER, "type": "OLA", "target": "", "duration": "1 Day"},
    )  # fmt: skip
    assert place.rows("type", "target", "target_seconds", entity="sla_definitions") == [
        ("sla", "resolution", 86_400),
        ("ola", None, None),
    ]


def test_the_moment_of_the_update_decides_the_newest_and_their_number_breaks_ties() -> None:
    tables = bundle.load(SERVICENOW).tables
    for name in ("incidents", "tasks", "task_slas", "users", "groups", "group_members", "article_versions"):
        assert tables[name].version_at == ("modified_at", "n_updates"), name
        assert tables[name].is_restated


def test_the_same_record_of_a_later_export_is_another_row(place: Place) -> None:
    later = {"sys_updated_on": "2025-08-12 05:36:12", "sys_mod_count": "4", "incident_state": "6"}
    place.put("1/incident.csv", export(incident(incident_state="2")))
    place.put("2/incident.csv", export(incident(**later)))
    place.vendor(SERVICENOW, "incident").land()
    assert place.rows("n_updates", "state", entity="incidents") == [(3, "open"), (4, "resolved")]


def test_codes_of_other_classes_mean_other_states(place: Place) -> None:
    task = {"sys_id": INCIDENT, "sys_created_on": MOMENT, "number": "1"}
    land(
        place, "task",
        {**task, "sys_class_name": "incident", "state": "3"},
        {**task, "sys_id": OTHER, "sys_class_name": "change_request", "state": "3"},
    )  # fmt: skip
    assert place.rows("class", "state", entity="tasks") == [("incident", "on_hold"), ("change_request", None)]


def test_an_extractor_keeps_the_base_table_apart(place: Place) -> None:
    own = {"sys_id", "sys_created_on", "sys_updated_on", "caller_id_value", "category", "subcategory", "close_code",
           "reopen_count", "incident_state", "hold_reason"}  # fmt: skip
    row = {name: value for name, value in incident(incident_state="1", hold_reason="").items() if name in own}
    delivery = land(place, "incident", row)
    assert (delivery.columns_missing, delivery.columns_extra) == ((), ())
    assert place.rows("state", "opened_at", "assignment_group", entity="incidents") == [("new", None, None)]


def test_deletions_land_without_what_was_deleted(place: Place) -> None:
    deletion = {
        "sys_id": OTHER, "tablename": "incident", "documentkey": INCIDENT, "sys_created_on": MOMENT,
        "display_value": CANARY, "payload": f"<incident>{CANARY}</incident>",
    }  # fmt: skip
    land(place, "sys_audit_delete", deletion)
    assert place.rows("task_table", "record_id", entity="deletions") == [("incident", INCIDENT)]
    assert CANARY.encode() not in place.written()


def test_an_unknown_field_is_reported_without_its_content(place: Place) -> None:
    delivery = land(place, "incident", incident(u_customer_mood=CANARY, watch_list="x"))
    assert delivery.columns_extra == ("u_customer_mood",)
    assert CANARY.encode() not in place.written()


def test_a_comment_leaves_nothing_but_its_features(place: Place) -> None:
    entry = {"name": "incident", "element_id": INCIDENT, "element": "comments", "sys_created_on": MOMENT}
    land(
        place, "sys_journal_field",
        {"sys_id": DESK, **entry, "value": f"Where is,\n\n {CANARY}?  Thanks", "sys_created_by": "anna.able"},
        {"sys_id": OTHER, **entry, "element": "work_notes", "value": "", "sys_created_by": "system"},
    )  # fmt: skip
    (first, second) = place.rows(
        "record_id", "element", "n_words", "has_question", "created_by_key", entity="journal_entries"
    )
    assert first[:4] == (INCIDENT, "comments", 4, True)
    assert second == (INCIDENT, "work_notes", None, None, None)
    assert CANARY.encode() not in place.written()
    assert b"anna.able" not in place.written()


def test_addresses_and_numbers_of_a_user_become_lists_of_hashes(place: Place) -> None:
    reached = {
        "phone": "+4915170700407",
        "mobile_phone": "",
        "home_phone": "anonymous",
        "email": "a@b.example",
    }
    land(place, "sys_user", {"sys_id": ANNA, **reached}, {"sys_id": BEN, "phone": "", "email": "no address"})
    (anna, ben) = place.rows("phones", "emails", entity="users")
    assert [len(found) for found in anna] == [1, 1]
    assert ben == ([], [])


@pytest.mark.parametrize("file_set", list(bundle.load(SERVICENOW).file_sets))
def test_no_name_text_or_identifier_of_a_customer_lands(place: Place, file_set: str) -> None:
    place.vendor(SERVICENOW, file_set)
    (feed,) = source_files.load(place.yaml).feeds[file_set]
    hiding = {
        n
        for n, c in feed.table.columns.items()
        if c.pii in ("hash", "drop") or c.type in ("phone", "phones", "email")
    }
    shown = {column for name in feed.mappings.keys() - hiding for column in feed.columns[name]}
    guarded = {"assigned_to", "assigned_to_value", "user", "user_value"} & set(feed.referenced())
    row: dict[str, str] = {}
    for name, column in feed.table.columns.items():
        for read in feed.columns[name]:
            if read in guarded or (name in hiding and read not in shown):
                row[read] = f"{CANARY}@{CANARY}.example" if "mail" in read else CANARY
            elif column.is_required:
                row[read] = MOMENT if column.type == "ts" else OTHER
    place.put(f"{file_set}.csv", export({**row, "u_new": f"{CANARY} too"}))
    delivery = place.land_one()
    assert (delivery.n_read, place.faults()) == (1, [])
    assert CANARY.lower().encode() not in place.written().lower()
    assert (CANARY in str(row)) == bool(hiding)


@pytest.mark.parametrize("wrap", [lambda row: {"result": [row]}, lambda row: [row], lambda row: row])
def test_references_of_the_rest_interface_stand_for_their_values(place: Place, wrap: Any) -> None:
    """Without it, an owner would be NULL and a team the text of an object."""
    row = {
        "sys_id": INCIDENT, "opened_at": MOMENT, "sys_created_on": MOMENT, "sys_updated_on": MOMENT,
        "sys_class_name": "incident", "state": {"display_value": "In Progress", "value": "2"},
        "caller_id": reference(ANNA), "assigned_to": reference(BEN, "Ben"), "assignment_group": reference(DESK),
        "problem_id": "",
    }  # fmt: skip
    place.vendor(SERVICENOW, "incident", incident={"glob": "incident.json"})
    place.put("incident.json", json.dumps(wrap(row)))
    d = place.land_one()
    assert place.faults() == [], d
    names = ("assignment_group", "assigned_to", "state", "problem_id")
    assert place.rows(*names, entity="incidents") == [(DESK, BEN, "open", None)]
