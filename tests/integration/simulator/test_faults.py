"""Each planted fault changes what it should and nothing else: the same luck with and without it."""

from dataclasses import dataclass

import duckdb
import pytest

from seeds.simulator import simulation
from seeds.simulator.centre.engine import Course
from seeds.simulator.centre.world import PRODUCTS
from seeds.simulator.exports import plain
from seeds.simulator.faults import KINDS, SURGES, Planted
from seeds.simulator.scenario import Centre, Fault, Scenario
from seeds.simulator.truth import record

SEED = 3
# Escalations are made frequent, so that few touched issues show a risk ratio.
CENTRE = Centre(days=63, teams=6, queues=20, reasons=12, contacts=16_000, escalation_rate=0.08)
# Bots change who comes to a queue, so that only their own fault is tried with them.
WITH_BOTS = {"B18": CENTRE.model_copy(update={"bot_share": 0.5})}
# Least share of touched issues that meet the break's own condition; and the largest without the fault.
MEETS = {
    "B01": (0.9, 0.2), "B02": (0.9, 0.2), "B03": (0.3, 0.1), "B04": (0.9, 0.15), "B05": (0.9, 0.05),
    "B06": (0.8, 0.05), "B07": (0.9, 0.3), "B08": (0.95, 0.05), "B09": (0.0, 0.01), "B10": (0.6, 0.35),
    "B11": (0.1, 0.1), "B12": (0.5, 0.2), "B13": (0.3, 0.25), "B14": (0.6, 0.5), "B15": (0.05, 0.03), "B17": (0.4, 0.0),
    "B18": (0.99, 0.2),
}  # fmt: skip


@dataclass
class Made:
    connection: duckdb.DuckDBPyConnection
    faults: list[Planted]
    course: Course

    def rows(self, query: str, *parameters: object) -> list[tuple]:
        return self.connection.execute(query, list(parameters)).fetchall()

    def meeting(self, break_id: str) -> set[int]:
        """Issues of which a contact or case meets the condition of a break."""
        found = self.rows(
            "SELECT DISTINCT issue_id FROM truth_condition JOIN truth_issue USING (source_kind, source_key) WHERE break_id = ?",
            break_id,
        )
        return {issue for (issue,) in found}

    def touched(self) -> set[int]:
        return {contact.issue for contact in self.course.contacts if contact.touched}


def made(faults: list[Fault], centre: Centre = CENTRE) -> Made:
    scenario = Scenario(about="test", centre=centre, faults=faults)
    found = simulation.simulate(scenario, SEED, plain.VENDOR, plain.VENDOR, with_counterfactuals=False)
    record.build(found.connection, found.faults, found.course.escalated, {})
    return Made(found.connection, found.faults, found.course)


@pytest.fixture(scope="module")
def healthy() -> Made:
    return made([])


@pytest.fixture(scope="module", params=sorted(KINDS))
def pair(request: pytest.FixtureRequest, healthy: Made) -> tuple[str, Made, Made]:
    fault = [Fault(**{"break": request.param})]
    if request.param in WITH_BOTS:
        centre = WITH_BOTS[request.param]
        return request.param, made([], centre), made(fault, centre)
    return request.param, healthy, made(fault)


def in_scope(fault: Planted, dimension: str) -> str:
    columns = {"reason": "c.reason", "team": "t.function", "channel": "c.channel", "segment": "k.segment"}
    columns["flow"] = (
        "(SELECT max(b.flow_id) FROM legs b WHERE b.contact_id = c.contact_id AND b.end_reason = 'transfer')"
    )
    columns["product"] = f"{list(PRODUCTS)}[1 + CAST(right(k.customer_id, 7) AS INT) % {len(PRODUCTS)}]"
    return f"{columns[dimension]} = '{fault.value}'"


def test_the_fault_touches_its_share_of_its_scope(pair: tuple[str, Made, Made]) -> None:
    break_id, _, broken = pair
    fault = broken.faults[0]
    kind = KINDS[break_id]
    if kind.acts not in ("arrival", "handoff", "bot"):  # these touch what happens to meet a condition
        assert 0 < len(broken.touched()) < len(broken.course.contacts) / 2
        return
    n, touched = broken.rows(
        f"""SELECT count(*), count(f.contact_id) FROM contacts c
            JOIN routing_expectations x ON x.reason = c.reason JOIN teams t ON t.team = x.expected_queue_group
            LEFT JOIN touches f ON f.contact_id = c.contact_id
            WHERE c.direction = 'inbound' AND epoch(c.started_at) >= ? AND {in_scope(fault, kind.dimension)}""",
        fault.start,
    )[0]
    assert n > 300
    assert touched / n == pytest.approx(fault.share, abs=4 * (fault.share * (1 - fault.share) / n) ** 0.5)


def test_nothing_is_touched_outside_the_scope_or_before_the_start(pair: tuple[str, Made, Made]) -> None:
    break_id, _, broken = pair
    fault = broken.faults[0]
    outside = broken.rows(
        f"""SELECT count(*) FROM touches f JOIN contacts c USING (contact_id)
            JOIN routing_expectations x ON x.reason = c.reason JOIN teams t ON t.team = x.expected_queue_group
            JOIN issues i ON i.issue_id = c.issue_id JOIN customers k ON k.customer_id = i.customer_id
            WHERE NOT {in_scope(fault, KINDS[break_id].dimension)} OR epoch(c.started_at) < ?""",
        fault.start,
    )
    assert outside == [(0,)]
    assert broken.touched()


def test_everything_before_the_start_is_as_it_was(pair: tuple[str, Made, Made]) -> None:
    _, healthy, broken = pair
    start = broken.faults[0].start

    def before(one: Made) -> list[tuple]:
        return [
            (contact.key, contact.started, contact.ended, contact.wait, contact.is_resolved, contact.legs)
            for contact in one.course.contacts
            if contact.ended < start
        ]

    assert before(broken) == before(healthy)


def test_untouched_issues_differ_only_by_their_waits(pair: tuple[str, Made, Made]) -> None:
    """A queue is shared: a longer one may make somebody else leave. Routing and handling stay as they were."""
    break_id, healthy, broken = pair
    touched = broken.touched()
    theirs = {contact.key: contact for contact in broken.course.contacts if contact.issue not in touched}
    n_other = 0
    n_same = 0
    for contact in healthy.course.contacts:
        other = theirs.get(contact.key)
        if other is None or contact.seq:
            continue
        assert (other.started, other.channel, other.stops[0], other.reason) == (
            contact.started, contact.channel, contact.stops[0], contact.reason,
        )  # fmt: skip
        if other.is_answered and contact.is_answered:
            assert other.legs[0].talk == contact.legs[0].talk
        if (other.is_answered, other.is_resolved, other.escalates, len(other.legs)) == (
            contact.is_answered, contact.is_resolved, contact.escalates, len(contact.legs),
        ):  # fmt: skip
            n_same += 1
        else:
            n_other += 1
    assert n_same > 2_000
    assert n_other / (n_same + n_other) < (0.03 if break_id == "B14" else 0.01)


def test_touched_issues_escalate_by_the_risk_ratio(pair: tuple[str, Made, Made]) -> None:
    break_id, healthy, broken = pair
    touched = broken.touched()
    escalated = len(touched & broken.course.escalated.keys())
    if break_id in ("B17", *SURGES):  # issues that exist only because of it are among these
        share = len(healthy.course.escalated) / len({contact.issue for contact in healthy.course.contacts})
        before = share * len(touched)
    else:
        usual = touched & healthy.course.escalated.keys()
        before = len(usual)
        calmed = usual - broken.course.escalated.keys()
        # Another way through the queues may spare somebody a wait; who leaves a long queue complains to nobody.
        assert len(calmed) <= 1 + (0.3 if break_id == "B14" else 0.05) * before
    ratio = broken.faults[0].ratio
    assert escalated > before
    assert 0.5 * ratio < escalated / max(1, before) < 1.8 * ratio


def test_other_issues_do_not_escalate_for_it(pair: tuple[str, Made, Made]) -> None:
    _, healthy, broken = pair
    others = healthy.course.escalated.keys() ^ broken.course.escalated.keys()
    assert len(others - broken.touched()) <= 0.01 * len(healthy.course.escalated) + 2


def test_touched_issues_meet_the_condition_of_the_break(pair: tuple[str, Made, Made]) -> None:
    break_id, healthy, broken = pair
    if break_id in SURGES:  # no break: nothing of the catalogue is its condition
        return
    touched = broken.touched()
    least, most = MEETS[break_id]
    assert len(touched & broken.meeting(break_id)) >= least * len(touched)
    known = touched & {contact.issue for contact in healthy.course.contacts}
    assert len(known & healthy.meeting(break_id)) <= most * max(1, len(known))


def test_untouched_issues_meet_conditions_as_before(pair: tuple[str, Made, Made]) -> None:
    planted, healthy, broken = pair
    untouched = {contact.issue for contact in healthy.course.contacts} - broken.touched()
    for break_id in MEETS.keys() - (
        {"B14"} if planted == "B14" else set()
    ):  # what is a long wait has changed
        changed = (healthy.meeting(break_id) ^ broken.meeting(break_id)) & untouched
        assert len(changed) <= 0.02 * len(untouched), break_id


@pytest.mark.parametrize("cause", SURGES)
@pytest.mark.parametrize(("intensity", "excess"), [("medium", 1), ("strong", 2)])
def test_a_cause_outside_the_catalogue_brings_contacts_while_it_lasts(
    healthy: Made, cause: str, intensity: str, excess: int
) -> None:
    surge = SURGES[cause]
    broken = made([Fault(**{"break": cause}, intensity=intensity)])
    fault = broken.faults[0]
    assert fault.end == min(fault.start + surge.days * 86_400, fault.start + 42 * 86_400)
    query = (
        "SELECT count(*) FROM contacts c JOIN issues i USING (issue_id) JOIN customers k ON k.customer_id = i.customer_id "
        f"WHERE c.contact_seq = 0 AND epoch(c.started_at) >= ? AND epoch(c.started_at) < ? AND {in_scope(fault, fault.dimension)}"
    )
    (usual,), (now,) = (one.rows(query, fault.start, fault.end)[0] for one in (healthy, broken))
    assert usual > 200
    assert now / usual == pytest.approx(1 + (surge.volume - 1) * excess, rel=0.02)
    assert fault.ratio == 1 + (surge.risk - 1) * excess
    assert broken.rows("SELECT count(*) FROM changes WHERE change_id LIKE 'CH-9%'") == [(0,)], "on no record"


def test_scores_of_the_customers_it_touches_stand_still() -> None:
    broken = made([Fault(**{"break": "B09"})])
    query = """
        SELECT count(*) FROM risk_scores r
        WHERE epoch(r.scored_at) > ? AND r.customer_id IN (
            SELECT i.customer_id FROM touches JOIN issues i USING (issue_id)
        )
    """
    start = broken.faults[0].start + 5 * 86_400  # contacts that began before are scored when they end
    assert broken.rows(query, start) == [(0,)]
    assert broken.rows("SELECT count(*) FROM risk_scores WHERE epoch(scored_at) > ?", start)[0][0] > 1_000
