"""Cases that are merged or deleted, contacts scored twice, and pauses for a vendor: planted, exported and published."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from seeds.simulator import simulation
from seeds.simulator.exports import plain
from seeds.simulator.scenario import Centre, Scenario
from seeds.simulator.truth import record
from tests.integration.conftest import Run, run
from tests.integration.simulator.centres import simulate

pytestmark = pytest.mark.integration

CENTRE = {"days": 28, "teams": 5, "queues": 16, "reasons": 6, "contacts": 1_000, "qa_rate": 0.3}
RARE = {"duplicate_case_share": 0.8, "second_score_share": 0.5, "vendor_pause_share": 0.5}
# Whether the exports of a CRM say that a case was merged.
SAYS_MERGED = {"plain": True, "salesforce": True, "zendesk": False, "servicenow": False}


def events_of(**settings: float) -> duckdb.DuckDBPyConnection:
    scenario = Scenario(about="test", centre=Centre(**CENTRE | settings))
    found = simulation.simulate(scenario, 1, plain.VENDOR, plain.VENDOR)
    record.build(found.connection, found.faults, found.course.escalated, {})
    return found.connection


@pytest.fixture(scope="module")
def rare() -> duckdb.DuckDBPyConnection:
    return events_of(**RARE)


def one(centre: duckdb.DuckDBPyConnection, query: str) -> tuple:
    (found,) = centre.execute(query).fetchall()
    return found


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rare")
    for crm in SAYS_MERGED:
        simulate(place, crm, {"about": "test", "centre": CENTRE | RARE}, "plain", crm, "--seed", 1)
    return place


@pytest.fixture(scope="module")
def line(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    done = run(simulated / "sources", simulated / "exports", tmp_path_factory.mktemp("home"))
    assert done.code == 0, done.output
    return done


def test_a_case_is_merged_into_an_older_one_of_its_customer(rare: duckdb.DuckDBPyConnection) -> None:
    n, n_right = one(
        rare,
        "SELECT count(*), count(*) FILTER (c.customer_id = s.customer_id AND c.issue_id = s.issue_id "
        "AND s.opened_at < c.opened_at AND s.removed_at IS NULL AND c.removed_at > c.opened_at) "
        "FROM cases c JOIN cases s ON s.case_id = c.merged_into",
    )
    n_deleted = one(rare, "SELECT count(*) FROM cases WHERE is_deleted AND merged_into IS NULL")[0]
    assert n == n_right > n_deleted > 5


def test_other_cases_are_those_of_a_centre_without_duplicates(rare: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT * FROM cases WHERE removed_at IS NULL AND resolution_code IS DISTINCT FROM 'duplicate' "
    query += "ORDER BY case_id"
    found = {row[0]: row for row in rare.execute(query).fetchall()}
    usual = events_of(**RARE | {"duplicate_case_share": 0.0}).execute(query).fetchall()
    assert len(usual) > 500
    assert [row for row in usual if found[row[0]] != row] == []


def test_the_truth_names_the_case_that_is_left(rare: duckdb.DuckDBPyConnection) -> None:
    for table in ("truth_condition", "truth_issue"):
        query = f"SELECT count(*) FROM {table} JOIN cases ON source_kind = 'case' AND source_key = case_id "
        assert one(rare, query)[0] > 0
        assert one(rare, query + "WHERE removed_at IS NOT NULL")[0] == 0


def test_a_second_evaluator_scores_the_same_contact_in_the_same_session(
    rare: duckdb.DuckDBPyConnection,
) -> None:
    n, n_right, n_equal = one(
        rare,
        "SELECT count(*), count(*) FILTER (a.evaluator_id <> b.evaluator_id AND a.agent_id = b.agent_id "
        "AND a.calibration_session_id = b.calibration_session_id), count(*) FILTER (abs(a.score - b.score) <= 10) "
        "FROM evaluations a JOIN evaluations b ON a.contact_id = b.contact_id AND a.submitted_at < b.submitted_at",
    )
    assert n == n_right > 50
    assert 0.5 < n_equal / n < 0.9
    (n_contacts,) = one(rare, "SELECT count(DISTINCT contact_id) FROM evaluations")
    assert n / n_contacts == pytest.approx(RARE["second_score_share"], abs=0.1)


def test_a_pause_for_a_vendor_is_no_drift(rare: duckdb.DuckDBPyConnection) -> None:
    pauses = "FROM sla_events WHERE event = 'pause' AND pause_reason = 'waiting_for_vendor'"
    (n,) = one(rare, f"SELECT count(*) {pauses}")
    (n_drifting,) = one(
        rare,
        f"SELECT count(*) FROM (SELECT DISTINCT case_id {pauses}) JOIN truth_condition ON source_key = case_id "
        "WHERE break_id = 'B10' AND source_key NOT IN (SELECT case_id FROM sla_events WHERE event = 'breached' "
        "OR pause_reason = 'waiting_for_customer')",
    )
    assert n > 5
    assert n_drifting == 0


def test_a_delivery_before_the_merge_does_not_know_it(simulated: Path) -> None:
    exports = simulated / "exports" / "plain"
    rows = duckdb.sql(
        f"SELECT f.filename, f.is_deleted OR f.merged_into IS NOT NULL, t.removed_at "
        f"FROM read_csv('{exports}/exports/crm/*/cases.csv', filename = true) f "
        f"JOIN '{exports}/truth/events/cases.parquet' t USING (case_id)"
    ).fetchall()
    days = [
        (date.fromisoformat(Path(file).parent.name), is_gone, removed and removed.date())
        for file, is_gone, removed in rows
    ]
    assert all(is_gone == (removed is not None and removed < day) for day, is_gone, removed in days)
    assert any(removed and not is_gone for _, is_gone, removed in days)


@pytest.mark.parametrize("crm", SAYS_MERGED)
def test_merged_cases_count_once_and_deleted_ones_leave_the_journeys(
    simulated: Path, line: Run, crm: str
) -> None:
    cases = f"'{simulated}/exports/{crm}/truth/events/cases.parquet'"
    n, n_merged, n_deleted = duckdb.sql(
        f"SELECT count(*), count(merged_into), count(*) FILTER (is_deleted) FROM {cases}"
    ).fetchall()[0]
    assert n_merged > 10
    assert n_deleted > 2
    n_merged = n_merged if SAYS_MERGED[crm] else 0
    assert line.rows(
        "SELECT count(*), sum(n_merged), count(*) FILTER (is_deleted), count(journey_id) FILTER (is_deleted), "
        f"count(journey_id) FROM mart_case WHERE centre = '{crm}'"
    ) == [(n - n_merged, n_merged, n_deleted, 0, n - n_merged - n_deleted)]
    n_in_journeys = line.one(f"SELECT sum(n_cases) FROM mart_journey WHERE centre = '{crm}'")
    assert n_in_journeys == n - n_merged - n_deleted


def test_a_contact_that_is_scored_twice_is_one_evaluated_contact(simulated: Path, line: Run) -> None:
    evaluations = f"'{simulated}/exports/plain/truth/events/evaluations.parquet'"
    n, n_contacts = duckdb.sql(f"SELECT count(*), count(DISTINCT contact_id) FROM {evaluations}").fetchall()[
        0
    ]
    assert n > n_contacts
    shown = line.one("SELECT count(*) FROM mart_contact WHERE is_evaluated AND centre = 'plain'")
    assert shown == n_contacts
