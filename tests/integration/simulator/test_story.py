"""The acceptance case, event for event: one escalation, seven failures, and what is left without each source."""

from pathlib import Path

import duckdb
import pytest

from seeds.simulator import scenario
from seeds.simulator.centre.story import ACCOUNT, ISSUE
from seeds.simulator.deliver import deliver
from seeds.simulator.exports import plain
from seeds.simulator.simulation import Simulation, simulate
from seeds.simulator.truth import record

SMALL = {"contacts": 3_000, "days": 70, "teams": 6, "queues": 18, "reasons": 12}


def made(name: str) -> Simulation:
    shortened = scenario.load(name)
    faults = [fault.model_copy(update={"from_day": 20}) for fault in shortened.faults]
    shortened = shortened.model_copy(
        update={"centre": shortened.centre.model_copy(update=SMALL), "faults": faults}
    )
    found = simulate(shortened, 0, plain.VENDOR, plain.VENDOR, with_counterfactuals=False)
    record.build(found.connection, found.faults, found.course.escalated, {})
    return found


@pytest.fixture(scope="module")
def broken() -> Simulation:
    return made("one_escalation_seven_failures")


@pytest.fixture(scope="module")
def control() -> Simulation:
    return made("meridian_control")


def rows(found: Simulation, query: str) -> list[tuple]:
    return found.connection.execute(query).fetchall()


def test_four_contacts_and_an_e_mail_at_their_hours(broken: Simulation) -> None:
    times = rows(
        broken,
        f"SELECT strftime(timezone('Europe/Berlin', timezone('UTC', started_at)), '%a %H:%M'), channel "
        f"FROM contacts WHERE issue_id = {ISSUE} ORDER BY contact_seq",
    )
    assert times == [
        ("Fri 09:10", "voice"), ("Mon 14:05", "chat"), ("Thu 10:40", "voice"), ("Mon 16:20", "voice"), ("Wed 08:02", "email"),
    ]  # fmt: skip


def test_days_between(broken: Simulation) -> None:
    days = rows(
        broken,
        f"SELECT date_diff('day', min(started_at) OVER (), started_at) FROM contacts "
        f"WHERE issue_id = {ISSUE} ORDER BY contact_seq",
    )
    assert days == [(0,), (3,), (6,), (10,), (12,)]


@pytest.mark.parametrize(
    ("break_id", "n"),
    # two misroutes; one stale article; one denial; hidden notes before three contacts; no alert; no sample of four
    [("B01", 2), ("B04", 1), ("B05", 1), ("B07", 1), ("B08", 4), ("B14", 1), ("B15", 1)],
)
def test_the_planted_conditions_are_true(broken: Simulation, break_id: str, n: int) -> None:
    found = rows(
        broken,
        f"SELECT count(*) FROM truth_condition JOIN truth_issue USING (source_kind, source_key) "
        f"WHERE source_kind = 'contact' AND issue_id = {ISSUE} AND break_id = '{break_id}'",
    )
    assert found == [(n,)]


@pytest.mark.parametrize("break_id", ["B06", "B10", "B12", "B13"])
def test_what_else_is_true_of_it(broken: Simulation, break_id: str) -> None:
    found = rows(
        broken,
        f"SELECT count(*) FROM truth_condition JOIN truth_issue USING (source_kind, source_key) "
        f"WHERE issue_id = {ISSUE} AND break_id = '{break_id}'",
    )
    assert found[0][0] >= 1


def test_the_wait_of_nineteen_minutes(broken: Simulation) -> None:
    assert rows(
        broken, f"SELECT max(wait_seconds) FROM contacts WHERE issue_id = {ISSUE} AND channel = 'voice'"
    ) == [(19 * 60,)]


def test_the_record_comes_26_hours_after_the_demand(broken: Simulation) -> None:
    found = rows(
        broken,
        "SELECT date_diff('hour', c.started_at, e.requested_at) FROM escalations e JOIN contacts c USING (contact_id) "
        f"WHERE e.issue_id = {ISSUE}",
    )
    assert found == [(26,)]


def test_the_score_stood_still_for_43_days(broken: Simulation) -> None:
    found = rows(
        broken,
        "SELECT r.score, date_diff('day', max(r.scored_at), max(c.started_at)) "
        f"FROM risk_scores r JOIN contacts c USING (customer_id) WHERE customer_id = '{ACCOUNT}' GROUP BY r.score",
    )
    assert found == [(22.0, 43)]


def test_each_failure_hits_others_too(broken: Simulation) -> None:
    hit = rows(
        broken, f"SELECT fault_id, count(DISTINCT issue_id) FROM touches WHERE issue_id <> {ISSUE} GROUP BY 1"
    )
    assert len(hit) == 7
    assert min(n for _, n in hit) >= 1
    met = rows(broken, f"SELECT count(DISTINCT fault_id) FROM touches WHERE issue_id = {ISSUE}")
    assert met == [(7,)]


def test_in_the_healthy_centre_the_same_contacts_happen(broken: Simulation, control: Simulation) -> None:
    query = f"SELECT contact_id, started_at, channel, disposition FROM contacts WHERE issue_id = {ISSUE} ORDER BY ALL"
    assert rows(control, query) == rows(broken, query)


def test_in_the_healthy_centre_nothing_is_behind_it(control: Simulation) -> None:
    assert rows(control, "SELECT count(*) FROM touches") == [(0,)]
    assert rows(
        control, "SELECT count(*) FROM plans WHERE min_talk_seconds > 20 OR excludes_transferred"
    ) == [(0,)]
    assert rows(control, "SELECT count(*) FROM alert_rules WHERE NOT list_contains(channels, 'email')") == [
        (0,)
    ]
    sampled = f"SELECT count(*), sum(is_sampled::INT) FROM samples JOIN contacts USING (contact_id) WHERE issue_id = {ISSUE}"
    assert rows(control, sampled) == [(5, 0)]


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("skills", ["agent_skills", "routing_expectations"]),
        ("articles", ["articles"]),
        ("permissions", ["permission_events"]),
        ("automation", ["automation_runs"]),
        ("alerts", ["alerts", "alert_rules"]),
        ("sampling", ["plans", "samples"]),
        ("risk_scores", ["risk_scores"]),
    ],
)
def test_an_ablation_removes_its_tables_and_nothing_else(name: str, gone: list[str]) -> None:
    shortened = scenario.load(f"meridian_without_{name}")
    assert [table for table in shortened.without if "." not in table] == gone
    assert set(gone) <= plain.ALL


def test_what_is_left_out_is_in_no_export(tmp_path: Path) -> None:
    shortened = scenario.load("meridian_without_automation")
    shortened = shortened.model_copy(
        update={"centre": shortened.centre.model_copy(update=SMALL), "faults": []}
    )
    found = simulate(shortened, 0, plain.VENDOR, plain.VENDOR)
    deliver(
        found,
        0,
        tmp_path,
        telephony=plain.VENDOR,
        crm=plain.VENDOR,
        copies=1,
        period=7,
        report=lambda _: None,
    )
    assert not list((tmp_path / "exports").rglob("automation_runs.csv"))
    notes = f"{tmp_path}/exports/crm/*/notes.csv"
    assert duckdb.sql(f"SELECT count(*), count(is_visible_to_next) FROM '{notes}'").fetchall()[0][1] == 0
    assert "automation_runs" not in (tmp_path / "sources" / "centre_operations.yml").read_text()
