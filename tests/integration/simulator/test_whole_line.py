"""From a simulated centre to the published marts: what happened is what they show, and nothing private is in them."""

from pathlib import Path

import duckdb
import pytest

from seeds.simulator.centre.story import ISSUE
from tests.integration.conftest import Run, faultline, run
from tests.integration.simulator.privacy import check_no_canary_lands
from tests.keys import check_keys

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulated") / "out"
    done = faultline("simulate", out, "--scenario", "demo", "--contacts", 5_000, "--seed", 2, "--every", 7)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "faultline run --sources" in done.stdout
    return out


@pytest.fixture(scope="module")
def line(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    done = run(simulated / "sources", simulated / "exports", tmp_path_factory.mktemp("home"))
    assert done.code == 0, done.output
    return done


def truth(simulated: Path, query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        for file in (simulated / "truth" / "events").glob("*.parquet"):
            connection.execute(f"CREATE VIEW \"{file.stem}\" AS SELECT * FROM '{file}'")
        return connection.execute(query).fetchall()


def test_every_row_lands(line: Run) -> None:
    assert "; 0 rows quarantined" in line.output


def test_the_keys_of_the_tables_below_the_marts_hold(line: Run, tmp_path: Path) -> None:
    check_keys(line.home, tmp_path)


@pytest.mark.parametrize(
    ("happened", "shown"),
    [
        ("count(*) FROM contacts", "count(*) FROM mart_contact"),
        ("count(*) FROM legs", "sum(n_legs) FROM mart_contact"),
        ("count(*) FROM contacts WHERE is_abandoned", "count(*) FROM mart_contact WHERE is_abandoned"),
        ("count(*) FROM legs WHERE transfer_type = 'blind'", "sum(n_transfers_blind) FROM mart_contact"),
        ("count(*) FROM legs WHERE transfer_type = 'consult'", "sum(n_transfers_consult) FROM mart_contact"),
        ("sum(talk_seconds) FROM legs", "sum(talk_seconds) FROM mart_contact"),
        ("sum(hold_seconds) FROM legs", "sum(hold_seconds) FROM mart_contact"),
        ("count(*) FROM cases", "count(*) FROM mart_case"),
        ("count(DISTINCT case_id) FROM escalations", "count(*) FROM mart_case WHERE is_escalated"),
        ("count(DISTINCT contact_id) FROM evaluations", "count(*) FROM mart_contact WHERE is_evaluated"),
    ],
)
def test_what_happened_is_what_is_shown(simulated: Path, line: Run, happened: str, shown: str) -> None:
    assert float(line.one(f"SELECT {shown}")) == float(truth(simulated, f"SELECT {happened}")[0][0])


def test_reopened_cases(simulated: Path, line: Run) -> None:
    happened = truth(simulated, "SELECT count(*) FROM cases WHERE vendor_reopen_count > 0")[0][0]
    assert line.one("SELECT count(*) FROM mart_case WHERE n_reopens > 0") == happened
    assert line.one("SELECT count(*) FROM mart_case WHERE n_reopens <> vendor_reopen_count") == 0


def test_journeys_are_the_issues_that_customers_had(simulated: Path, line: Run) -> None:
    issues = dict(truth(simulated, "SELECT contact_id, issue_id FROM contacts"))
    journeys = dict(line.rows("SELECT contact_id, journey_id FROM mart_contact"))
    by_issue: dict[int, set[object]] = {}
    by_journey: dict[object, set[int]] = {}
    for contact, issue in issues.items():
        by_issue.setdefault(issue, set()).add(journeys[contact])
        by_journey.setdefault(journeys[contact], set()).add(issue)
    assert sum(len(found) == 1 for found in by_issue.values()) / len(by_issue) > 0.97
    # Two issues of one customer about one reason within two weeks are one journey by the rules.
    assert sum(len(found) == 1 for found in by_journey.values()) / len(by_journey) > 0.95


def test_the_story_is_one_journey_of_five_contacts(simulated: Path, line: Run) -> None:
    contacts = [
        one for (one,) in truth(simulated, f"SELECT contact_id FROM contacts WHERE issue_id = {ISSUE}")
    ]
    found = line.rows(
        "SELECT DISTINCT j.n_contacts, j.is_escalated, j.is_qa_covered_before, j.reason FROM mart_contact c "
        f"JOIN mart_journey j USING (journey_id) WHERE contact_id IN ({', '.join(repr(one) for one in contacts)})"
    )
    assert found == [(5, True, False, "integration_error")]


def test_quality_assurance_is_shown_as_it_happened(simulated: Path, line: Run) -> None:
    """The plans of the simulator consider answered inbound contacts; a plan's rules explain whom it leaves out."""
    with duckdb.connect(str(line.home / "warehouse.duckdb"), read_only=True) as warehouse:
        population = "FROM marts.fct_qa_population WHERE is_recorded"
        shown = warehouse.execute(
            f"SELECT count(*), count(*) FILTER (is_eligible), count(*) FILTER (is_sampled) {population}"
        ).fetchall()
        reasons = warehouse.execute(f"SELECT DISTINCT exclusion_reason {population}").fetchall()
        n_items = warehouse.execute(
            "SELECT count(*), count(*) FILTER (is_failed) FROM marts.fct_qa_item"
        ).fetchall()
    assert shown == truth(
        simulated, "SELECT count(*), count(*) FILTER (is_eligible), count(*) FILTER (is_sampled) FROM samples"
    )
    assert ("recorded",) not in reasons
    assert n_items == truth(simulated, "SELECT count(*), count(*) FILTER (is_failed) FROM evaluation_items")


def test_scores_and_latency_of_quality_assurance_are_those_that_happened(simulated: Path, line: Run) -> None:
    happened = truth(
        simulated,
        """
        WITH scored AS (
            SELECT contact_id, avg(score) AS score, min(date_diff('second', c.ended_at, e.submitted_at)) AS latency
            FROM evaluations AS e JOIN contacts AS c USING (contact_id) GROUP BY contact_id
        )
        SELECT count(*), avg(score), sum(score / inclusion_probability) / sum(1 / inclusion_probability),
            median(latency) / 3600
        FROM scored JOIN samples USING (contact_id)
        """,
    )
    shown = line.rows(
        "SELECT n_sampled, score_raw, score_weighted, latency_p50_hours FROM mart_qa_coverage "
        "WHERE window_type = 'span' AND stratum_type = 'all'"
    )
    assert shown == [pytest.approx(happened[0])]
    n_submitted = truth(simulated, "SELECT count(*) FROM evaluations WHERE status = 'submitted'")[0][0]
    assert (
        line.one(
            "SELECT sum(denominator) FROM mart_metric_daily WHERE definition_id = 'M25' AND dimension = 'all'"
        )
        == n_submitted
    )


@pytest.mark.parametrize(
    "blind_spot",
    ["BS02", "BS08", "BS10", "BS11", "BS13", "BS26", "BS38", "BS40", "BS41", "BS44", "BS47", "BS49"],
)
def test_what_is_delivered_whole_is_not_blind(line: Run, blind_spot: str) -> None:
    found = line.rows(
        f"SELECT source_instance, status, affected_share FROM mart_blind_spot WHERE blind_spot_id = '{blind_spot}' "
        "AND scope_type = 'source' AND window_type = 'span' AND status NOT IN ('not_applicable', 'not_assessed')"
    )
    assert found
    assert {status for _, status, _ in found} <= {"ok", "warn"}, found


def test_no_canary_lands(line: Run) -> None:
    check_no_canary_lands(line)


def test_clocks_of_service_levels_are_met_and_breached_as_it_happened(simulated: Path, line: Run) -> None:
    """Without it, opening hours, pauses or targets could be counted otherwise than the centre counts them.

    Faultline computes each outcome from starts, pauses, targets and calendars; the simulator recorded it.
    """
    happened = truth(
        simulated,
        "SELECT case_id, policy_id, metric,"
        " CASE WHEN bool_or(event = 'met') THEN true WHEN bool_or(event = 'breached') THEN false END,"
        " max(CASE WHEN event = 'breached' THEN event_at END)"
        " FROM sla_events GROUP BY ALL ORDER BY ALL",
    )
    with duckdb.connect(str(line.home / "warehouse.duckdb"), read_only=True) as connection:
        clocks = "marts.fct_sla_clock WHERE counted_seconds IS NOT NULL AND target_seconds IS NOT NULL"
        shown = connection.execute(
            f"SELECT case_id, policy_id, metric, is_met, breached_at FROM {clocks} ORDER BY ALL"
        ).fetchall()
    assert {outcome for _, _, _, outcome, _ in happened} == {True, False, None}
    assert shown == happened


def test_the_backlog_of_each_day_is_the_cases_that_were_open_at_its_end(simulated: Path, line: Run) -> None:
    """Without it, a case could be counted twice, or for ever, by a chain of sums over days."""
    open_cases = dict(
        truth(
            simulated,
            "WITH changes AS ("
            " SELECT case_id, opened_at AS moment, -1 AS seq, true AS is_open FROM cases"
            " UNION ALL SELECT case_id, changed_at, change_seq, new_value NOT IN ('resolved', 'closed')"
            " FROM case_changes WHERE field = 'status'),"
            " days AS (SELECT DISTINCT CAST(opened_at AS DATE) AS day FROM cases),"
            " states AS (SELECT day, max_by(is_open, row(moment, seq)) AS is_open"
            " FROM days JOIN changes ON moment < day + 1 GROUP BY day, case_id)"
            " SELECT day, count(*) FILTER (WHERE is_open) FROM states GROUP BY day",
        )
    )
    assert max(open_cases.values()) > 50
    shown = dict(line.rows("SELECT day, sum(n_open) FROM mart_backlog_daily GROUP BY day"))
    assert {day: shown.get(day, 0) for day in open_cases} == open_cases
    came_and_went = "SELECT sum(n_in) - sum(n_out) FROM mart_backlog_daily"
    assert line.one(came_and_went) == shown[max(shown)]  # type: ignore[type-var]
