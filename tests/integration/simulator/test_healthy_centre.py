"""The healthy centre looks like a real one. Bands and their sources: `tests/bench/healthy_centre.py`.

By default a run publishes it with the plain feeds and with one pair of vendors; FAULTLINE_HEALTHY=1 tries all.
"""

import math
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import numpy as np
import pytest

from seeds.simulator import draws, scenario
from seeds.simulator.centre.staffing import Pool, agents_needed, answered_within, waiting_probability
from seeds.simulator.exports import plain
from seeds.simulator.scenario import Centre
from seeds.simulator.simulation import simulate
from tests.bench.healthy_centre import BENCHMARKS, Benchmark
from tests.integration.conftest import Run, faultline, run
from tests.integration.lineage import asset_graph

SEED = 100
ASKED = 60_000
# Eight weeks from a Monday; summer time ends in London and Berlin in the middle, and never in Johannesburg.
REDUCED: dict[str, Any] = {"days": 56, "contacts": ASKED, "starts_on": "2025-09-29"}
# Nine weeks and a day, delivered weekly: the last delivery is of an unfinished week, and busy hours are full
# enough for silence to be noticed.
PUBLISHED = ("--scenario", "healthy", "--days", 64, "--contacts", 10_000, "--every", 7)
# Telephony and CRM. The second pair writes some records twice, as its vendor documents.
SYSTEMS = [
    ("plain", "plain"),
    ("amazon_connect", "salesforce"),
    ("genesys_cloud", "servicenow"),
    ("asterisk", "zendesk"),
]
TRIED = SYSTEMS if "FAULTLINE_HEALTHY" in os.environ else SYSTEMS[:2]
# Blind spots that the healthy centre really has: asset checks that warn, and why each warning is true.
TRUE_WARNINGS = {
    "BS01": "Quick questions need no case and 2 % of links are lost; nothing in the export says which is which.",
    "BS10": "Agents note 'other' after a quarter of what stays unresolved, and nothing after 1.5 % of contacts.",
    "BS25": "Evaluations are drawn at random from all contacts, so that hardly any escalated journey was heard.",
}
SUMMER_TIME_ENDS = "TIMESTAMP '2025-10-26 01:00:00'"
LEAVE_SUMMER_TIME, KEEP_THEIR_TIME = ("Europe/London", "Europe/Berlin"), ("Africa/Johannesburg",)
MONDAY, SATURDAY, SUNDAY = 1, 6, 7

VIEWS = """
    CREATE VIEW visits AS  -- contacts at the clock of the team that their reason belongs to
    SELECT c.*, t.zone, c.channel IN ('voice', 'chat') AS is_live,
           timezone(t.zone, c.started_at AT TIME ZONE 'UTC') AS local_at
    FROM contacts c
    JOIN routing_expectations x USING (reason)
    JOIN teams t ON t.function = x.required_skill
    WHERE c.direction = 'inbound';

    CREATE VIEW stays AS  -- legs with their team's stream of work, their wait, and when the agent is free again
    SELECT l.*, c.channel, c.direction, c.channel IN ('voice', 'chat') AS is_live,
           epoch(coalesce(l.answered_at, l.ended_at)) - epoch(l.enqueued_at) AS wait,
           l.ended_at + to_seconds(coalesce(l.wrap_up_seconds, 0)::INT) AS free_at
    FROM legs l JOIN contacts c USING (contact_id);

    CREATE VIEW half_hours AS  -- what came to a team's live agents, and how long it waited
    WITH staffed AS (
        SELECT DISTINCT q.team_id, i.interval_start, i.staffed_agents
        FROM queue_intervals i JOIN queues q USING (queue_id)
        WHERE q.channel = 'voice' AND i.staffed_agents > 0
    )
    SELECT s.team_id, f.interval_start, count(*) AS n, avg(s.wait) AS wait, count(*) / any_value(f.staffed_agents) AS load
    FROM stays s
    JOIN staffed f ON f.team_id = s.team_id AND f.interval_start = time_bucket(INTERVAL 30 MINUTE, s.enqueued_at)
    WHERE s.is_live AND s.direction = 'inbound' GROUP BY ALL;
"""


def _run(seed: int, **sizes: Any) -> duckdb.DuckDBPyConnection:
    healthy = scenario.load("healthy")
    centre = Centre(**{**healthy.centre.model_dump(), **sizes})
    return simulate(
        healthy.model_copy(update={"centre": centre}), seed, plain.VENDOR, plain.VENDOR
    ).connection


@pytest.fixture(scope="module")
def centre() -> Iterator[duckdb.DuckDBPyConnection]:
    """One simulated centre, read by all tests and changed by none."""
    with _run(SEED, **REDUCED) as connection:
        connection.execute(VIEWS)
        yield connection


def _rows(centre: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return centre.execute(query).fetchall()


def _value(centre: duckdb.DuckDBPyConnection, query: str) -> Any:
    return _rows(centre, query)[0][0]


# Benchmarks


@pytest.mark.parametrize(
    "benchmark", [one for one in BENCHMARKS if one.low is not None], ids=lambda one: one.name
)
def test_measures_lie_in_the_bands_of_real_centres(
    centre: duckdb.DuckDBPyConnection, benchmark: Benchmark
) -> None:
    value = benchmark.measure(centre)
    assert benchmark.holds(value), f"{benchmark.write(value)} is not in {benchmark.low} to {benchmark.high}"


@pytest.mark.parametrize("channel", ["voice", "chat"])
def test_each_live_channel_keeps_near_the_service_level(
    centre: duckdb.DuckDBPyConnection, channel: str
) -> None:
    level = _value(
        centre,
        "SELECT count(*) FILTER (answered_at IS NOT NULL AND wait <= 20) "
        "/ count(*) FILTER (answered_at IS NOT NULL OR wait > 20) "
        f"FROM stays WHERE leg_seq = 1 AND direction = 'inbound' AND channel = '{channel}'",
    )
    assert 0.70 < level < 0.90


def test_as_many_contacts_come_as_were_asked_for(centre: duckdb.DuckDBPyConnection) -> None:
    assert _value(centre, "SELECT count(*) FROM contacts") == pytest.approx(ASKED, rel=0.05)


def test_most_contacts_are_resolved(centre: duckdb.DuckDBPyConnection) -> None:
    resolved = _value(centre, "SELECT avg(is_resolved::INT) FROM visits WHERE is_answered")
    assert 0.70 < resolved < 0.85


def test_harder_journeys_escalate_more_often(centre: duckdb.DuckDBPyConnection) -> None:
    """Long waits, several handoffs and further contacts all raise the risk."""
    query = """
        SELECT wait > 300 OR n_handoffs >= 2 OR n_contacts >= 3, avg(is_escalated::INT) FROM (
            SELECT i.issue_id, i.is_escalated, sum(v.n_legs - 1) AS n_handoffs, count(*) AS n_contacts,
                   coalesce(max(v.wait_seconds) FILTER (v.is_live), 0) AS wait
            FROM visits v JOIN issues i USING (issue_id) GROUP BY ALL
        ) GROUP BY 1
    """
    risks = dict(_rows(centre, query))
    assert 1.2 < risks[True] / risks[False] < 3.0


# Arrivals


def test_monday_is_the_busiest_day_and_sunday_has_none(centre: duckdb.DuckDBPyConnection) -> None:
    days = dict(_rows(centre, "SELECT isodow(local_at), count(*) FROM visits WHERE is_live GROUP BY 1"))
    assert max(days, key=lambda day: days[day]) == MONDAY
    assert min(days[day] for day in range(1, 6)) > 1.5 * days[SATURDAY]
    assert SUNDAY not in days


def _by_hour(centre: duckdb.DuckDBPyConnection, which: str) -> dict[int, int]:
    query = f"SELECT hour(local_at), count(*) FROM visits WHERE is_live AND isodow(local_at) < {SATURDAY} AND {which} GROUP BY 1"
    return dict(_rows(centre, query))


def test_the_day_peaks_in_the_morning(centre: duckdb.DuckDBPyConnection) -> None:
    hours = _by_hour(centre, "true")
    assert max(hours, key=lambda hour: hours[hour]) in (10, 11)
    assert hours[8] < hours[9] < hours[10]
    assert hours[16] > hours[17] > hours[18] > hours[19]


def test_new_issues_peak_once_more_after_lunch(centre: duckdb.DuckDBPyConnection) -> None:
    hours = _by_hour(centre, "contact_seq = 0")
    assert hours[13] < hours[15] < hours[11]


def test_nobody_calls_while_the_centre_is_closed(centre: duckdb.DuckDBPyConnection) -> None:
    query = f"""
        SELECT count(*) FROM visits WHERE is_live AND NOT CASE
            WHEN isodow(local_at) < {SATURDAY} THEN hour(local_at) BETWEEN 8 AND 19
            WHEN isodow(local_at) = {SATURDAY} THEN hour(local_at) BETWEEN 9 AND 15 ELSE false END
    """
    assert _value(centre, query) == 0


def test_mail_comes_at_night_and_on_sundays_too(centre: duckdb.DuckDBPyConnection) -> None:
    query = f"""
        SELECT avg((hour(local_at) < 8)::INT), avg((isodow(local_at) = {SUNDAY})::INT)
        FROM visits WHERE NOT is_live AND contact_seq = 0
    """
    at_night, on_sundays = _rows(centre, query)[0]
    assert 0.05 < at_night < 0.25
    assert 0.03 < on_sundays < 0.12


def _moved(centre: duckdb.DuckDBPyConnection, zone: str, moment: str) -> float:
    """Distance in total variation between the shares of each hour before and after summer time ends.

    Chance alone gives about 0.02 with this many contacts; a day that comes an hour late gives 0.13.
    """
    query = f"""
        WITH hours AS (
            SELECT hour({moment}) AS hour,
                   count(*) FILTER (started_at < {SUMMER_TIME_ENDS}) AS before,
                   count(*) FILTER (started_at >= {SUMMER_TIME_ENDS}) AS after
            FROM visits WHERE is_live AND contact_seq = 0 AND zone = '{zone}' GROUP BY 1
        )
        SELECT sum(abs(before / n_before - after / n_after)) / 2
        FROM hours, (SELECT sum(before) AS n_before, sum(after) AS n_after FROM hours)
    """
    return float(_value(centre, query))


@pytest.mark.parametrize("zone", [*LEAVE_SUMMER_TIME, *KEEP_THEIR_TIME])
def test_the_local_day_stays_where_it_is_when_summer_time_ends(
    centre: duckdb.DuckDBPyConnection, zone: str
) -> None:
    assert _moved(centre, zone, "local_at") < 0.05


@pytest.mark.parametrize("zone", LEAVE_SUMMER_TIME)
def test_the_day_in_utc_moves_when_summer_time_ends(centre: duckdb.DuckDBPyConnection, zone: str) -> None:
    assert _moved(centre, zone, "started_at") > 0.08


@pytest.mark.parametrize("zone", KEEP_THEIR_TIME)
def test_a_zone_without_summer_time_keeps_its_day_in_utc(
    centre: duckdb.DuckDBPyConnection, zone: str
) -> None:
    assert _moved(centre, zone, "started_at") < 0.05


# Handling


@pytest.mark.parametrize("channel", ["voice", "chat", "email", "web"])
def test_talk_is_log_normal(centre: duckdb.DuckDBPyConnection, channel: str) -> None:
    """Brown and others (2005) found service times of a call centre to be log-normal.

    The bands are three to four standard errors at 4,000 legs, sqrt(6 / n) and sqrt(24 / n), plus a little for
    mixing reasons of different difficulty.
    """
    query = f"""
        SELECT skewness(ln(talk_seconds)), kurtosis(ln(talk_seconds)), skewness(talk_seconds), count(*)
        FROM stays WHERE kind = 'home' AND channel = '{channel}' AND answered_at IS NOT NULL
    """
    skew, excess_kurtosis, raw_skew, n = _rows(centre, query)[0]
    assert n > 3_500
    assert abs(skew) < 0.15
    assert abs(excess_kurtosis) < 0.30
    assert raw_skew > 1.5, "before taking logarithms the right tail is long"


def test_who_reached_the_wrong_team_is_passed_on_quickly(centre: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT kind, median(talk_seconds) FROM stays WHERE answered_at IS NOT NULL GROUP BY 1"
    talk = dict(_rows(centre, query))
    assert talk["triage"] < talk["misroute"] < talk["home"] / 2


# Queues


def test_waits_follow_the_load(centre: duckdb.DuckDBPyConnection) -> None:
    query = """
        SELECT corr(by_load, by_wait) FROM (
            SELECT rank() OVER (ORDER BY load) AS by_load, rank() OVER (ORDER BY wait) AS by_wait FROM half_hours
        )
    """
    assert _value(centre, query) > 0.5


def test_waits_follow_the_load_in_every_team(centre: duckdb.DuckDBPyConnection) -> None:
    query = """
        SELECT team_id, corr(by_load, by_wait) AS spearman, count(*) FROM (
            SELECT team_id, rank() OVER (PARTITION BY team_id ORDER BY load) AS by_load,
                   rank() OVER (PARTITION BY team_id ORDER BY wait) AS by_wait
            FROM half_hours
        ) GROUP BY 1
    """
    rows = _rows(centre, query)
    assert len(rows) == 12
    assert [row for row in rows if row[1] < 0.35] == []


def test_the_busiest_half_hours_wait_many_times_longer_than_the_quietest(
    centre: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        SELECT decile, sum(wait * n) / sum(n) FROM (
            SELECT *, ntile(10) OVER (ORDER BY load, team_id, interval_start) AS decile FROM half_hours
        ) GROUP BY 1
    """
    waits = dict(_rows(centre, query))
    assert waits[10] > 20 * waits[1]
    assert waits[8] < waits[9] < waits[10], "the curve of a queue: ever steeper"
    assert waits[10] - waits[8] > waits[8] - waits[1]


def test_each_team_answers_in_the_order_of_arrival(centre: duckdb.DuckDBPyConnection) -> None:
    query = """
        SELECT count(*) FROM (
            SELECT answered_at, max(answered_at) OVER (
                PARTITION BY team_id, is_live ORDER BY enqueued_at, answered_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS latest_before
            FROM stays WHERE answered_at IS NOT NULL
        ) WHERE answered_at < latest_before
    """
    assert _value(centre, query) == 0


def test_no_agent_handles_two_contacts_at_once(centre: duckdb.DuckDBPyConnection) -> None:
    query = """
        SELECT count(*) FROM (
            SELECT free_at, lead(answered_at) OVER (PARTITION BY agent_id ORDER BY answered_at) AS next_at
            FROM stays WHERE answered_at IS NOT NULL
        ) WHERE next_at < free_at
    """
    assert _value(centre, query) == 0


def test_nobody_answers_outside_a_shift(centre: duckdb.DuckDBPyConnection) -> None:
    """Rosters end with the run, while some mail of its last days is answered after it."""
    query = """
        SELECT count(*) FROM stays s JOIN agents a ON a.telephony_id = s.agent_id, bounds
        WHERE s.answered_at < bounds.after AND NOT EXISTS (
            SELECT 1 FROM rosters r
            WHERE r.agent_id = a.agent_id AND NOT r.is_absent
              AND r.shift_start <= s.answered_at AND s.answered_at < r.shift_end
        )
    """
    assert _value(centre, query) == 0


def test_agents_answer_for_their_own_team_only(centre: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT count(*) FROM stays s JOIN agents a ON a.telephony_id = s.agent_id WHERE a.team_id <> s.team_id"
    assert _value(centre, query) == 0


def test_a_contact_takes_one_leg_after_the_other(centre: duckdb.DuckDBPyConnection) -> None:
    query = """
        SELECT count(*) FROM (
            SELECT enqueued_at, lag(ended_at) OVER (PARTITION BY contact_id ORDER BY leg_seq) AS before FROM legs
        ) WHERE enqueued_at < before
    """
    assert _value(centre, query) == 0


# Random numbers


def _digest(seed: int) -> list[tuple[Any, ...]]:
    with _run(seed, days=14, contacts=1_500, teams=4, queues=12, reasons=6) as connection:
        return [
            row
            for table in ("contacts", "legs", "case_changes", "rosters")
            for row in _rows(connection, f"SELECT count(*), bit_xor(hash(t)) FROM {table} t")
        ]


def test_equal_seeds_give_equal_tables_and_others_do_not() -> None:
    first = _digest(7)
    assert _digest(7) == first
    assert _digest(8) != first


def test_one_draw_equals_the_same_draw_among_many() -> None:
    stream = draws.key(3, "test")
    identities = np.array([0, 1, 2, 17, 4_095, 10**6, 2**40 + 5], dtype=np.int64)
    many = draws.uniforms(stream, identities, 6)
    one_by_one = [[draws.uniform(stream, int(i), slot) for slot in range(6)] for i in identities]
    assert many.tolist() == one_by_one


def test_draws_are_uniform_and_unrelated_between_streams() -> None:
    identities = np.arange(20_000)
    first, second = (draws.uniforms(draws.key(0, name), identities, 2) for name in ("first", "second"))
    counts = np.bincount((first[:, 0] * 20).astype(int), minlength=20)
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 43.8, "chi-squared, 19 degrees of freedom, 0.1 %"
    # Four standard errors of a correlation of 20,000 pairs.
    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < 0.03
    assert abs(np.corrcoef(first[:, 0], first[:, 1])[0, 1]) < 0.03


# Erlang C


def _erlang_c_as_defined(n_agents: int, load: int) -> Fraction:
    """The formula as textbooks print it, in exact fractions; slow."""
    waiting = Fraction(load**n_agents, math.factorial(n_agents)) * Fraction(n_agents, n_agents - load)
    busy = sum((Fraction(load**k, math.factorial(k)) for k in range(n_agents)), Fraction(0))
    return waiting / (busy + waiting)


@pytest.mark.parametrize(
    ("n_agents", "load", "expected"),
    [
        (2, 1, 1 / 3),  # M/M/2 and M/M/3 by hand
        (3, 2, 4 / 9),
        (12, 10, 0.4494),
        (14, 10, 0.1741),
    ],
)
def test_the_chance_to_wait_is_erlangs(n_agents: int, load: int, expected: float) -> None:
    assert waiting_probability(n_agents, load) == pytest.approx(expected, abs=5e-5)
    assert waiting_probability(n_agents, load) == pytest.approx(float(_erlang_c_as_defined(n_agents, load)))


def test_everybody_waits_where_work_exceeds_the_agents() -> None:
    assert waiting_probability(10, 10.0) == 1.0
    assert answered_within(10, 200, 180, 20) == 0.0


def test_staffing_agrees_with_a_published_table() -> None:
    """Agents for 80 % in 20 s at 5 minutes a call: multichannelmerchant.com, "Understanding agent occupancy"."""
    published = {100: 12, 200: 21, 400: 39, 800: 74, 1600: 142}
    for per_hour, n_agents in published.items():
        assert (
            answered_within(n_agents, per_hour, 300, 20)
            >= 0.80
            > answered_within(n_agents - 2, per_hour, 300, 20)
        )
        assert abs(agents_needed(per_hour, 300, 0.80) - n_agents) <= 1


def test_the_queue_waits_as_erlang_c_says() -> None:
    """Poisson arrivals and exponential handling, 10 Erlang for 14 agents; the band is three standard errors."""
    luck = np.random.default_rng(1)
    n = 100_000
    arrivals = np.cumsum(luck.exponential(0.1, n)).tolist()
    handling = luck.exponential(1.0, n).tolist()
    pool = Pool({agent: [(0, 10**9)] for agent in range(14)})
    n_waiting, waited = 0, 0.0
    for moment, seconds in zip(arrivals, handling, strict=True):
        taken = pool.take(moment, math.inf)
        assert taken is not None
        _, start = taken
        pool.occupy(start + seconds)
        n_waiting += start > moment
        waited += start - moment
    assert n_waiting / n == pytest.approx(waiting_probability(14, 10.0), abs=0.03)
    assert waited / n == pytest.approx(waiting_probability(14, 10.0) / 4, abs=0.01)


# What a run says of it


@pytest.fixture(scope="module", params=TRIED, ids="-".join)
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One whole run on the exports of a healthy centre, as systems of several vendors write them."""
    telephony, crm = request.param
    folder: Path = tmp_path_factory.mktemp("healthy")
    done = faultline("simulate", folder / "out", *PUBLISHED, "--telephony", telephony, "--crm", crm)
    assert done.returncode == 0, done.stdout + done.stderr
    return run(folder / "out" / "sources", folder / "out" / "exports", folder / "home")


@pytest.mark.integration
def test_a_run_publishes_without_a_warning(published: Run) -> None:
    assert published.code == 0, published.output
    assert "; 0 rows quarantined" in published.output
    assert [line for line in published.output.splitlines() if "warning" in line.lower()] == []


@pytest.mark.integration
def test_no_check_is_red_and_each_warning_is_true(published: Run) -> None:
    with dg.DagsterInstance.from_config(str(published.home / "dagster")) as instance:
        (latest,) = instance.get_runs(limit=1)
        entries = instance.all_logs(latest.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    checks = [event.asset_check_evaluation_data for event in events]
    assert {check.check_name for check in checks} == asset_graph.recorded_checks()
    failed = {check.check_name.split("_")[0]: check.severity for check in checks if not check.passed}
    assert set(failed) == set(TRUE_WARNINGS)
    assert set(failed.values()) == {dg.AssetCheckSeverity.WARN}
