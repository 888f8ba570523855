"""A whole simulation: the centre, its faults, the run, its records and the truth, in one connection."""

import gc
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
from seeds.simulator.centre import casework, engine, operations, organisation, staffing, telephony
from seeds.simulator.centre import story as stories
from seeds.simulator.centre.chronicle import Chronicle
from seeds.simulator.centre.engine import Course, Engine
from seeds.simulator.centre.staffing import Shift
from seeds.simulator.centre.world import Agent, World, build
from seeds.simulator.events import Recorder
from seeds.simulator.exports.kit import Ids, Vendor
from seeds.simulator.faults import Planted, plant
from seeds.simulator.scenario import Scenario

Report = Callable[[str], None]


@dataclass
class Simulation:
    """What came of a scenario: the world, the planted faults, the course, and the event tables."""

    scenario: Scenario
    world: World
    faults: list[Planted]
    course: Course
    counterfactual: dict[str, dict[int, int]]  # fault id -> issues escalated with that fault off
    connection: duckdb.DuckDBPyConnection


@dataclass
class _Stage:
    """World and rosters, made once; runs with any set of faults."""

    world: World
    agents: list[Agent]
    shifts: list[Shift]
    base_risk: float
    pilot: Course
    decoys: frozenset[str]

    def run(self, faults: list[Planted]) -> tuple[Course, list[Shift]]:
        shifts = engine.thin_out(self.world, faults, self.agents, self.shifts, self.pilot.load)
        journeys = engine.issues(self.world, faults, self.decoys)
        course = Engine(
            self.world,
            journeys,
            faults,
            agents=self.agents,
            shifts=shifts,
            base_risk=self.base_risk,
            decoys=self.decoys,
        ).run()
        return course, shifts


def stage(scenario: Scenario, seed: int) -> _Stage:
    """The centre before its first contact: the pilot measures the load that the rosters must bear."""
    world = build(scenario.centre, seed)
    decoys = frozenset(scenario.decoys)
    journeys = engine.issues(world, [], decoys)
    pilot = Engine(world, journeys, [], agents=[], shifts=[], base_risk=0.0, decoys=decoys).run()
    pilot.contacts.clear()
    agents, shifts = staffing.hire(world, pilot.load)
    base_risk = scenario.centre.escalation_rate / (pilot.mean_risk * _RISK_BEYOND_PILOT)
    return _Stage(world, agents, shifts, base_risk, pilot, decoys)


_RISK_BEYOND_PILOT = 1.02
"""Waits, which the pilot does not know, raise the mean risk by this factor."""


def simulate(
    scenario: Scenario,
    seed: int,
    telephony_vendor: Vendor,
    crm_vendor: Vendor,
    report: Report = lambda _: None,
    *,
    with_counterfactuals: bool = True,
) -> Simulation:
    """Runs a scenario with all its faults and records it; by default runs it again without each.

    Raises:
        ScenarioError: if a fault or its scope does not fit the centre.
    """
    gc.disable()  # millions of tuples without a cycle: collecting doubles the time
    try:
        return _simulate(
            scenario, seed, telephony_vendor, crm_vendor, report, with_counterfactuals=with_counterfactuals
        )
    finally:
        gc.enable()


def _simulate(
    scenario: Scenario,
    seed: int,
    telephony_vendor: Vendor,
    crm_vendor: Vendor,
    report: Report,
    *,
    with_counterfactuals: bool,
) -> Simulation:
    report("Building the centre")
    ready = stage(scenario, seed)
    faults = plant(ready.world, scenario.faults)
    report("Running it")
    course, shifts = ready.run(faults)
    counterfactual = {}
    for fault in faults if with_counterfactuals else ():
        report(f"Running it without {fault.fault_id}")
        counterfactual[fault.fault_id] = ready.run([one for one in faults if one is not fault])[0].escalated
    report("Writing down what happened")
    recorder = Recorder()
    ids = _ids(telephony_vendor.ids, crm_vendor.ids)
    story = Chronicle(ready.world, ready.agents, shifts, course, faults, ready.decoys, recorder, *ids)
    organisation.record(story)
    cases = casework.record(story)
    telephony.record(story, cases)
    operations.record(story, cases)
    stories.record(story, scenario.stories)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '1GB'")
    recorder.load(connection)
    _cut(connection, ready.world.end)
    connection.execute(
        "CREATE TABLE bounds AS SELECT make_timestamp(?) AS first, make_timestamp(?) AS after",
        [ready.world.start * 1_000_000, ready.world.end * 1_000_000],
    )
    return Simulation(scenario, ready.world, faults, course, counterfactual, connection)


_OF_CONTACTS = ("legs", "sentiment", "samples", "expected_alerts", "required_escalations", "touches")
_MOMENTS = {
    "contacts": "ended_at",
    "cases": "opened_at",
    "notes": "created_at",
    "messages": "sent_at",
    "automation_runs": "run_at",
    "usage": "used_at",
    "permission_events": "event_at",
    "alerts": "fired_at",
    "escalations": "requested_at",
    "sla_events": "event_at",
    "surveys": "sent_at",
    "sentiment": "scored_at",
}


def _cut(connection: duckdb.DuckDBPyConnection, end: int) -> None:
    """Takes away what would only happen after the last day: a contact exists once it has ended."""
    for table, moment in _MOMENTS.items():
        connection.execute(f"DELETE FROM {table} WHERE {moment} >= make_timestamp(?)", [end * 1_000_000])
    for table in _OF_CONTACTS:
        connection.execute(f"DELETE FROM {table} WHERE contact_id NOT IN (SELECT contact_id FROM contacts)")


def _ids(
    telephony_ids: Ids, crm_ids: Ids
) -> tuple[Callable[[int, int], str], Callable[[int], str], Callable[[int], str], Callable[[int], str]]:
    return telephony_ids.contact, crm_ids.case, telephony_ids.agent, crm_ids.agent
