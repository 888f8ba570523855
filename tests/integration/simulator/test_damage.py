"""Every damage hits the share it says, leaves the rest alone, and is on record."""

import duckdb
import pytest

from seeds.simulator import damage, simulation
from seeds.simulator.exports import plain
from seeds.simulator.scenario import Centre, Damage, Fault, Scenario, ScenarioError
from seeds.simulator.simulation import Simulation

CENTRE = Centre(days=28, teams=5, queues=15, reasons=6, contacts=4_000)


@pytest.fixture(scope="module")
def made() -> Simulation:
    faults = [Fault(**{"break": "B01"})]
    scenario = Scenario(about="test", centre=CENTRE, faults=faults)
    return simulation.simulate(scenario, 1, plain.VENDOR, plain.VENDOR, with_counterfactuals=False)


@pytest.fixture
def events(made: Simulation) -> duckdb.DuckDBPyConnection:
    """A copy that a test may damage."""
    copy = duckdb.connect()
    for (name,) in made.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        table = made.connection.execute(f'SELECT * FROM "{name}"').to_arrow_table()
        copy.register("_t", table)
        copy.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _t')
        copy.unregister("_t")
    return copy


def count(events: duckdb.DuckDBPyConnection, query: str) -> int:
    return events.execute(f"SELECT count(*) FROM {query}").fetchall()[0][0]


def hit(events: duckdb.DuckDBPyConnection, made: Simulation, **settings: object) -> None:
    blind, _ = damage.apply(events, made.world, [Damage(**settings)])
    assert blind


@pytest.mark.parametrize("table", ["contacts", "legs", "case_changes", "notes"])
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_random_loss(events, made, table, share) -> None:
    before = count(events, table)
    hit(events, made, kind="random_loss", share=share, tables=[table])
    assert 1 - count(events, table) / before == pytest.approx(share, abs=0.005)


def test_lost_contacts_take_their_legs_along(events, made) -> None:
    hit(events, made, kind="random_loss", share=0.3)
    assert count(events, "legs WHERE contact_id NOT IN (SELECT contact_id FROM contacts)") == 0


def test_loss_that_goes_with_the_fault(events, made) -> None:
    touched = "contacts WHERE contact_id IN (SELECT contact_id FROM touches)"
    n, n_touched = count(events, "contacts"), count(events, touched)
    hit(events, made, kind="correlated_loss", share=0.1)
    assert 1 - count(events, "contacts") / n == pytest.approx(0.1, abs=0.005)
    assert 1 - count(events, touched) / n_touched == pytest.approx(min(1, 0.1 * n / n_touched), abs=0.005)


def test_dropped_hours_are_whole_hours(events, made) -> None:
    n = count(events, "contacts")
    hours = "SELECT date_trunc('hour', started_at) AS hour, count(*) AS n FROM contacts GROUP BY 1"
    before = dict(events.execute(hours).fetchall())
    hit(events, made, kind="dropped_hours", share=0.1)
    after = dict(events.execute(hours).fetchall())
    assert 1 - count(events, "contacts") / n == pytest.approx(0.1, abs=0.005)
    cut = [hour for hour, one in after.items() if one != before[hour]]
    assert len(cut) <= 1, "the share may end inside one hour"
    assert len(before) - len(after) > 10


def test_duplicates_come_with_a_later_version(events, made) -> None:
    n = count(events, "contacts")
    hit(events, made, kind="duplicates", share=0.05)
    assert count(events, "contacts") / n - 1 == pytest.approx(0.05, abs=0.005)
    assert count(events, "(SELECT DISTINCT contact_id, delivered_version_at FROM contacts)") == count(
        events, "contacts"
    )


def test_an_hour_too_late_for_a_while(events, made) -> None:
    events.execute("CREATE TABLE earlier AS SELECT * FROM contacts")
    hit(events, made, kind="zone_shift", share=1.0, from_day=7, to_day=14)
    shifted = count(
        events,
        "contacts c JOIN earlier e USING (contact_id) WHERE c.started_at = e.started_at + INTERVAL 1 HOUR "
        "AND c.ended_at = e.ended_at + INTERVAL 1 HOUR",
    )
    inside = count(
        events,
        f"earlier WHERE epoch(started_at) >= {made.world.day(7)} AND epoch(started_at) < {made.world.day(14)}",
    )
    assert shifted == inside > 0
    assert (
        count(events, "contacts c JOIN earlier e USING (contact_id) WHERE c.started_at <> e.started_at")
        == inside
    )


def test_skew_moves_the_crm_and_not_the_telephony(events, made) -> None:
    before = events.execute("SELECT sum(epoch(opened_at)) FROM cases").fetchall()[0][0]
    calls = events.execute("SELECT sum(epoch(started_at)) FROM contacts").fetchall()
    hit(events, made, kind="skew", share=1.0)
    after = events.execute("SELECT sum(epoch(opened_at)) FROM cases").fetchall()[0][0]
    assert after - before == 7 * 60 * count(events, "cases")
    assert events.execute("SELECT sum(epoch(started_at)) FROM contacts").fetchall() == calls


def test_withheld_numbers(events, made) -> None:
    n = count(events, "contacts")
    hit(events, made, kind="withheld_numbers", share=0.3)
    assert count(events, "contacts WHERE ani = 'anonymous' AND customer_id IS NULL") / n >= 0.295
    known = count(events, "contacts WHERE customer_id IS NOT NULL") / n
    assert known < 0.7


def test_overwritten_history_keeps_one_score_a_customer(events, made) -> None:
    customers = count(events, "(SELECT DISTINCT customer_id FROM risk_scores)")
    assert count(events, "risk_scores") > customers
    hit(events, made, kind="overwritten_history", share=1.0)
    assert count(events, "risk_scores") == customers


def test_qa_filter(events, made) -> None:
    n = count(events, "samples")
    hit(events, made, kind="qa_filter", share=0.5)
    assert count(events, "samples") / n == pytest.approx(0.5, abs=0.005)


def test_label_outage_is_total_in_its_window_only(events, made) -> None:
    window = f"escalations WHERE epoch(requested_at) >= {made.world.day(7)} AND epoch(requested_at) < {made.world.day(21)}"
    n, inside = count(events, "escalations"), count(events, window)
    assert 0 < inside < n
    hit(events, made, kind="label_outage", share=1.0, from_day=7, to_day=21)
    assert count(events, window) == 0
    assert count(events, "escalations") == n - inside


def test_late_files_are_named_by_day(events, made) -> None:
    _, late = damage.apply(events, made.world, [Damage(kind="late_files", share=0.25)])
    assert len(late) == 7
    assert {table for table, _ in late} == {"contacts"}


def test_what_is_unknown_is_refused_with_the_choices(events, made) -> None:
    with pytest.raises(ScenarioError, match=r"no damage 'flood'.*random_loss"):
        damage.apply(events, made.world, [Damage(kind="flood")])
    with pytest.raises(ScenarioError, match=r"cannot hit teams.*It can hit contacts"):
        damage.apply(events, made.world, [Damage(kind="random_loss", tables=["teams"])])


def test_damage_is_on_record(events, made) -> None:
    blind, _ = damage.apply(
        events, made.world, [Damage(kind="label_outage", share=1.0, from_day=7, to_day=21)]
    )
    assert blind == [("BS26", "label_outage:escalations", made.world.day(7), made.world.day(21), 1.0)]
