"""Scenario files: all of ours load, and a wrong one says where and what to do."""

from pathlib import Path

import pytest

from seeds.simulator import damage, faults, scenario
from seeds.simulator.centre import story
from seeds.simulator.centre.world import build
from seeds.simulator.events import EXPORTED
from seeds.simulator.scenario import ScenarioError
from tests.conftest import PROJECT


@pytest.mark.parametrize("name", scenario.names())
def test_every_scenario_can_be_bound_to_its_centre(name: str) -> None:
    found = scenario.load(name)
    assert found.about.endswith(".")
    assert faults.plant(build(found.centre, 0), found.faults) is not None
    assert {one.kind for one in found.damage} <= damage.KINDS.keys()
    assert set(found.stories) <= story.STORIES.keys()
    assert {one.partition(".")[0] for one in found.without} <= EXPORTED.keys()


def test_what_the_score_card_needs_is_there() -> None:
    names = set(scenario.names())
    assert {f"fault_{break_id.lower()}" for break_id in faults.KINDS} <= names
    assert {f"damage_{kind}" for kind in damage.KINDS} <= names
    assert {"healthy", "decoys", "kitchen_sink", "one_escalation_seven_failures", "meridian_control"} <= names
    assert sum(name.startswith("meridian_without_") for name in names) == 7
    assert set(scenario.load("decoys").decoys) == scenario.DECOYS.keys()


SEVEN = {"B01", "B04", "B05", "B06", "B07", "B08", "B09"}
CARD = [name for name in scenario.names() if name.startswith("score_card_")]


def test_the_score_card_has_each_fault_alone_and_some_together() -> None:
    kinds = {name: [fault.kind for fault in scenario.load(name).faults] for name in CARD}
    alone = [planted[0] for planted in kinds.values() if len(planted) == 1]
    assert sorted(alone) == sorted(faults.KINDS)
    assert set(kinds["score_card_seven"]) == SEVEN
    assert {len(planted) for planted in kinds.values()} == {1, 2, 3, 7}
    assert len(kinds) == 24


@pytest.mark.parametrize("name", CARD)
def test_a_score_card_scenario_plants_what_its_name_says(name: str) -> None:
    found, base = scenario.load(name), scenario.load("score_card")
    assert (found.centre, found.decoys, found.damage) == (base.centre, [], [])
    planted = faults.plant(build(found.centre, 100), found.faults)
    named = "score_card_" + "_".join(one.break_id.lower() for one in planted)
    assert name in (named, "score_card_seven")
    assert all(one.start < one.end for one in planted)


def test_no_two_scenarios_share_a_name() -> None:
    assert len(set(scenario.names())) == len(scenario.names())


@pytest.mark.parametrize("intensity", scenario.INTENSITIES)
def test_an_intensity_holds_for_all_faults(intensity: str) -> None:
    found = scenario.load("kitchen_sink")
    weaker = scenario.at_intensity(found, intensity)
    planted = faults.plant(build(weaker.centre, 0), weaker.faults)
    assert {(one.share, one.ratio) for one in planted} == {scenario.INTENSITIES[intensity]}
    assert [(one.kind, one.scope) for one in weaker.faults] == [(one.kind, one.scope) for one in found.faults]


def test_a_wrong_intensity_names_the_right_ones() -> None:
    with pytest.raises(ScenarioError, match=r"'wild' is not known\. Choose one of weak, medium, strong"):
        scenario.at_intensity(scenario.load("healthy"), "wild")


def test_the_page_about_the_simulator_names_all_there_is() -> None:
    page = (PROJECT / "docs" / "simulator.md").read_text(encoding="utf-8")
    assert [one for one in faults.KINDS if f"| {one} | {faults.KINDS[one].dimension}" not in page] == []
    assert [one for one in (*scenario.DECOYS, *damage.KINDS) if f"`{one}`" not in page] == []
    assert faults.EFFECTS.keys() <= faults.KINDS.keys()


def test_a_scenario_extends_another(tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("extends: one_escalation_seven_failures\nabout: Mine.\nwithout: [alerts]\n")
    found, base = scenario.load(str(file)), scenario.load("one_escalation_seven_failures")
    assert (found.name, found.about, found.without) == ("mine", "Mine.", ["alerts"])
    assert found.faults == base.faults


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no scenario"),
        ("about: [", "is no YAML"),
        ("about: x\nfaults: [{break: B99}]", r"faults\.0\.break"),
        ("about: x\nfaults: [{break: B01, intensity: wild}]", r"faults\.0\.intensity"),
        ("about: x\ncentre: {teams: 40}", r"centre\.teams"),
        ("about: x\ncentre: {colour: red}", r"centre\.colour"),
        ("about: x\ndecoys: [ghost]", "no decoy is called ghost; choose of harder_reason"),
        ("about: x\nextends: nowhere", "names none of"),
    ],
)
def test_a_wrong_scenario_says_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=complaint) as error:
        scenario.load(str(file))
    assert "wrong.yml" in str(error.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'helthy'.*healthy") as error:
        scenario.load("helthy")
    assert [name for name in scenario.names() if name not in str(error.value)] == []


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("{break: B01, scope: {reason: unheard_of}}", "has no reason 'unheard_of'. It has: invoice_dispute"),
        ("{break: B01, scope: {colour: red}}", "B01 is scoped by reason, to, not by colour"),
        ("{break: B01, scope: {to: nobody}}", "has no team 'nobody'"),
        ("{break: B08, scope: {min_talk: soon}}", "a number of seconds, not 'soon'"),
        ("{break: B18}", "B18 needs bots. Set `bot_share`"),
        ("{break: B18, scope: {entry_point: door}}", "no entry point 'door'. Choose one of line_main"),
        ("{break: B16}", "B16 cannot be planted. Choose one of B01"),
    ],
)
def test_a_fault_that_does_not_fit_the_centre(tmp_path: Path, fault: str, complaint: str) -> None:
    file = tmp_path / "wrong.yml"
    file.write_text(f"about: x\nfaults: [{fault}]\n")
    found = scenario.load(str(file))
    with pytest.raises(ScenarioError, match=complaint):
        faults.plant(build(found.centre, 0), found.faults)
