"""Every recipe of the handbook lands what it promises: a recipe that nobody runs is wrong one day."""

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml

from orchestration.settings import PROJECT_ROOT
from tests.stages.place import Place

_HANDBOOK = (PROJECT_ROOT / "docs" / "connecting_an_export.md").read_text(encoding="utf-8")
_PART = _HANDBOOK.partition("\n## Recipes\n")[2].partition("\n## ")[0]
RECIPES = dict(re.findall(r"### ([^\n]+)\n.*?```yaml\n(.*?)```", _PART, re.DOTALL))


def _landed(tmp_path: Path, recipe: str, files: dict[str, str]) -> Place:
    place = Place(tmp_path)
    place.yaml.write_text(RECIPES[recipe], encoding="utf-8")
    folder = yaml.safe_load(RECIPES[recipe])["source"]
    for name, content in files.items():
        place.put(f"{folder}/{name}", content)
    place.land()
    assert place.faults() == []
    return place


def test_every_recipe_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert RECIPES
    assert [name for name in RECIPES if f'"{name}"' not in text] == []


def test_an_event_log_lands_a_state_of_the_case_for_each_step(tmp_path: Path) -> None:
    log = "Case,Timestamp,Team,Activity\nC1,2025-01-02 09:00:00,first,Registered\nC1,2025-01-02 10:00:00,experts,Done\n"
    place = _landed(tmp_path, "Event log", {"a.csv": log})
    rows = place.rows("case_id", "group_id", "status", entity="case_snapshots")
    assert rows == [("C1", "first", "new"), ("C1", "experts", "resolved")]


def test_calls_without_ids_get_distinct_keys(tmp_path: Path) -> None:
    log = (
        "Start,Caller,Extension,Duration\n2025-01-02 09:00:00,030 1234567,20,00:06:12\n"
        "2025-01-02 09:00:00,030 7654321,20,00:00:09\n"
    )
    place = _landed(tmp_path, "Call log without ids", {"a.csv": log})
    rows: list[Any] = place.rows("contact_id", "duration_seconds", "ani", entity="contacts")
    assert len({row[0] for row in rows}) == len({row[2] for row in rows}) == 2
    assert [row[1] for row in rows] == [372, 9]
    # Whoever knows the time and the extension of a call could guess its number from a digest without a key.
    guessed = hashlib.md5(b"2025-01-02 09:00:00|030 1234567|20", usedforsecurity=False).hexdigest()
    assert guessed[:20] not in {row[0] for row in rows}


def test_spellings_of_one_number_are_one_customer_and_withheld_ones_none(tmp_path: Path) -> None:
    callers = ("030 1234567", "+49 30 1234567", "0049301234567", "030 7654321", "")
    log = "CallId,Start,Caller\n" + "".join(f"K{i},2025-01-02 09:00:00,{c}\n" for i, c in enumerate(callers))
    place = _landed(tmp_path, "Caller number as customer", {"a.csv": log})
    first, second, third, other, nobody = place.rows("customer_id", entity="contacts")
    assert first == second == third != other
    assert nobody is None
    assert b"1234567" not in place.written()


def test_the_customer_of_everybody_unknown_is_nobody(tmp_path: Path) -> None:
    log = "Case,Opened,Customer\nC1,2025-01-02,99999\nC2,2025-01-02,WALK-IN\nC3,2025-01-02,4711\n"
    place = _landed(tmp_path, "Catch-all customer", {"a.csv": log})
    assert [customer is None for customer in place.rows("customer_id")] == [True, True, False]


def test_levels_of_queues_become_tiers(tmp_path: Path) -> None:
    queues = "Queue,Group,Team,Level\nhotline,voice,first,First line\ndesk,voice,second,Second line\n"
    legs = "CallId,Segment,Queue,Agent,Start\nK1,1,hotline,A1,2025-01-02 09:00:00\nK1,2,desk,A2,2025-01-02 09:05:00\n"
    place = _landed(tmp_path, "Tiers", {"queues.csv": queues, "legs-1.csv": legs})
    assert [str(tier) for tier in place.rows("tier", entity="queues")] == ["1", "2"]
    assert place.rows("queue_id", entity="legs") == ["hotline", "desk"]


def test_a_day_and_a_time_are_one_moment(tmp_path: Path) -> None:
    log = "CallId,Day,Start,Hangup\nK1,02.01.2025,09:05:00,09:11:12\n"
    place = _landed(tmp_path, "Two time columns", {"a.csv": log})
    rows = place.rows("started_at", "ended_at", entity="contacts")
    # Berlin is an hour ahead of UTC in winter.
    assert [tuple(map(str, row)) for row in rows] == [("2025-01-02 08:05:00", "2025-01-02 08:11:12")]
