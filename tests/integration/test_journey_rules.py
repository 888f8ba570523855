"""Journeys of random hostile centres, held against the rules J1 to J4 as slow and obvious Python states them."""

import hashlib
import os
import random
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from orchestration import settings
from tests.conftest import PROJECT

pytestmark = pytest.mark.integration

N_CENTRES = 1_000
SHARED_ACCOUNT_CASES = 5
GAP, UNKNOWN_GAP = timedelta(days=14), timedelta(hours=72)
MODELS = (
    "shared_accounts", "anchors", "ties", "islands", "neighbours", "tie_islands", "tie_groups", "item_links",
    "link_confidences",
)  # fmt: skip
"""The models between the items and the journeys, in the order of their lineage."""


def hashed(*parts: str) -> str:
    """The surrogate key that models make of the parts, as text."""
    return hashlib.md5("|".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Item:
    """A case or contact as the models of journeys read it; `case` is the parent or the recorded case."""

    centre: str
    kind: str
    source: str
    id: str
    customer: str | None
    confidence: float
    reason: str | None
    started_at: datetime
    ended_at: datetime
    case: tuple[str | None, str] | None
    chain: str | None

    @property
    def key(self) -> str:
        """The surrogate key of the item."""
        return hashed(self.kind, self.source, self.id)

    @property
    def customer_key(self) -> str | None:
        """The surrogate key of the customer."""
        return self.customer and hashed("customer", self.centre, self.customer)

    @property
    def case_key(self) -> str | None:
        """The surrogate key of the case, where its source is known."""
        return hashed("case", self.case[0], self.case[1]) if self.case and self.case[0] else None


def hostile_centre(seed: int) -> list[Item]:
    """Few customers and reasons, times on a coarse grid around the gaps, records that contradict one another."""
    draw = random.Random(seed)
    centre = f"centre{seed}"
    customers = [None, *(f"customer{i}" for i in range(draw.randint(1, 4)))]
    reasons = [None] * draw.randint(0, 3) + ["card", "loan", "login"][: draw.randint(1, 3)]
    steps = [timedelta(0), timedelta(hours=1), UNKNOWN_GAP, UNKNOWN_GAP + timedelta(seconds=1), GAP / 2, GAP]
    start, spread = datetime(2024, 1, 1), draw.choice([2, 10, 40])

    def moment() -> datetime:
        return start + sum((draw.choice(steps) for _ in range(draw.randint(0, spread))), timedelta(0))

    def shared() -> tuple[object, ...]:
        began = moment()
        ended = began + draw.choice([timedelta(0), timedelta(minutes=5), UNKNOWN_GAP, 3 * GAP])
        confidence = draw.choice([1.0, 0.98, 0.9, 0.7])
        return draw.choice(customers), confidence, draw.choice(reasons), began, ended

    sources = [f"{centre}_crm", f"{centre}_desk"][: draw.randint(1, 2)]
    ids = [str(i) for i in range(draw.randint(0, 8))]
    named = [*ids, "lost"]  # a case that nobody delivered
    items = []
    for source in sources:
        for id in ids:
            parent = (source, draw.choice(named)) if draw.random() < 0.3 else None  # cycles and itself, too
            items.append(Item(centre, "case", source, id, *shared(), parent, None))  # type: ignore[arg-type]
    chains = [str(i) for i in range(draw.randint(1, 6))]
    for i in range(draw.randint(0, 24)):
        case = (draw.choice([*sources, None]), draw.choice(named)) if draw.random() < 0.4 else None
        chain = draw.choice(chains) if draw.random() < 0.5 else f"own{i}"
        items.append(Item(centre, "contact", f"{centre}_tel", str(i), *shared(), case, chain))  # type: ignore[arg-type]
    return items


class Groups:
    """Union-find over items and whatever ties them."""

    def __init__(self) -> None:
        self.parents: dict[object, object] = {}

    def of(self, node: object) -> object:
        """The representative of a node."""
        while (parent := self.parents.setdefault(node, node)) != node:
            node = parent
        return node

    def join(self, node: object, other: object) -> None:
        """Puts two nodes into one group."""
        self.parents[self.of(node)] = self.of(other)


class Journeys:
    """Groups of the items of one centre, rule by rule; `weak` is the least confidence of an item's links."""

    def __init__(self, items: list[Item]) -> None:
        self.items, self.groups, self.weak = items, Groups(), dict[str, float]()
        self.personal = [i for i in items if i.customer is not None and not is_shared(items, i.customer)]

    def found(self) -> dict[str, tuple[str, float]]:
        """Journey, named after its smallest item, and least confidence of each item."""
        self.record()
        unknown = self.unknown()
        self.same_reason()
        self.nearest(unknown)
        members = defaultdict[object, list[str]](list)
        for item in self.items:
            members[self.groups.of(item.key)].append(item.key)
        return {
            key: (min(keys), min(self.weak.get(key, 1.0) for key in keys))
            for keys in members.values()
            for key in keys
        }

    def link(self, item: Item, other: Item, confidence: float) -> None:
        """Joins two items; neither link is surer than its customer is known."""
        self.groups.join(item.key, other.key)
        for one in (item, other):
            self.weak[one.key] = min(self.weak.get(one.key, 1.0), confidence, one.confidence)

    def record(self) -> None:
        """J1 and J2: a case, its parent, a recorded case, a chain."""
        for item in self.items:
            own = item.id if item.kind == "case" else item.chain
            self.groups.join(item.key, ("case" if item.kind == "case" else "chain", item.source, own))
            if item.case is not None:
                source, id = item.case
                self.groups.join(item.key, ("case", source or item.centre, id))

    def unknown(self) -> list[list[Item]]:
        """Personal items of each group in which J1 and J2 found no reason."""
        known = {self.groups.of(item.key) for item in self.items if item.reason is not None}
        found = defaultdict[object, list[Item]](list)
        for item in self.personal:
            found[self.groups.of(item.key)].append(item)
        return [items for group, items in found.items() if group not in known]

    def same_reason(self) -> None:
        """J3: items of one customer and reason without a longer pause."""
        by_reason = defaultdict[object, list[Item]](list)
        for item in self.personal:
            if item.reason is not None:
                by_reason[item.customer, item.reason].append(item)
        for same_reason in by_reason.values():
            for island in islands(same_reason):
                for item, following in pairwise(island):
                    self.link(item, following, 0.85)

    def nearest(self, unknown: list[list[Item]]) -> None:
        """J4: a group of unknown reason follows one neighbour."""
        for tied in unknown:
            near = [
                (distance(u, k), k.started_at, k.key, u.key, u, k)
                for u in tied
                for k in self.personal
                if k.customer == u.customer and k.reason is not None and distance(u, k) <= UNKNOWN_GAP
            ]
            if near:
                *_, item, neighbour = min(near, key=lambda one: one[:4])
                self.link(item, neighbour, 0.60)


def is_shared(items: list[Item], customer: str) -> bool:
    """Whether a customer has more items within one gap than one person has."""
    starts = [item.started_at for item in items if item.customer == customer]
    return any(sum(last - GAP <= s <= last for s in starts) > SHARED_ACCOUNT_CASES for last in starts)


def islands(same_reason: list[Item]) -> list[list[Item]]:
    """Items of one customer and reason, parted where a pause after all earlier ends exceeds the gap."""
    parted: list[list[Item]] = []
    for item in sorted(same_reason, key=lambda one: (one.started_at, one.key)):
        if parted and item.started_at <= max(one.ended_at for island in parted for one in island) + GAP:
            parted[-1].append(item)
        else:
            parted.append([item])
    return parted


def distance(item: Item, other: Item) -> timedelta:
    """The pause between two items; none where they overlap."""
    return max(timedelta(0), item.started_at - other.ended_at, other.started_at - item.ended_at)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SQL of the models as dbt compiles it, in a warehouse that is called `centre`."""
    folder = tmp_path_factory.mktemp("compiled")
    project = PROJECT / "dbt_project"
    command = [
        str(Path(sys.executable).with_name("dbt")), "--quiet", "compile", "--project-dir", str(project),
        "--profiles-dir", str(project), "--target-path", str(folder / "target"),
        "--select", *(f"int_journey__{name}" for name in MODELS),
    ]  # fmt: skip
    config = settings.load(home=folder)
    environment = os.environ | settings.for_subprocesses(config)
    environment |= {"FAULTLINE_WAREHOUSE": str(folder / "centre.duckdb")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {path.stem: path.read_text() for path in (folder / "target" / "compiled").rglob("*.sql")}
    return {name: found[f"int_journey__{name}"] for name in MODELS}


@pytest.fixture
def warehouse(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """An empty warehouse called `centre`; a cross product fails in it instead of filling the machine."""
    limits = {"memory_limit": "1GB", "max_temp_directory_size": "100MB", "temp_directory": str(tmp_path)}
    connection = duckdb.connect(config={**limits, "threads": 1})
    connection.execute("ATTACH ':memory:' AS centre; USE centre")
    connection.execute("CREATE SCHEMA intermediate; CREATE SCHEMA reference")
    return connection


def fill(warehouse: duckdb.DuckDBPyConnection, items: list[Item]) -> None:
    """Writes what the models of journeys read."""
    cases = [item for item in items if item.kind == "case"]
    contacts = [item for item in items if item.kind == "contact"]
    tables = {
        "journey__candidates": (items, {
            "item_key": lambda i: i.key, "item_type": lambda i: i.kind, "centre": lambda i: i.centre,
            "source_instance": lambda i: i.source, "item_id": lambda i: i.id, "customer_id": lambda i: i.customer,
            "customer_key": lambda i: i.customer_key, "reason": lambda i: i.reason,
            "customer_link_confidence": lambda i: i.confidence,
            "started_at": lambda i: i.started_at, "ended_at": lambda i: i.ended_at,
        }),
        "case__enriched": (cases, {
            "case_key": lambda i: i.key, "centre": lambda i: i.centre, "source_instance": lambda i: i.source,
            "parent_case_id": lambda i: i.case and i.case[1],
        }),
        "contact__enriched": (contacts, {
            "contact_key": lambda i: i.key, "recorded_case_key": lambda i: i.case_key, "centre": lambda i: i.centre,
            "source_instance": lambda i: i.source,
            "chain_key": lambda i: hashed("chain", i.source, i.chain or i.id),
            "recorded_case_id": lambda i: i.case and i.case[1],
        }),
    }  # fmt: skip
    for name, (rows, columns) in tables.items():
        table = pa.table({column: [value(row) for row in rows] for column, value in columns.items()})
        warehouse.register("rows", table)
        typed = ", ".join(
            f"{column}::UUID AS {column}" if column.endswith("_key") else column for column in columns
        )
        warehouse.execute(f"CREATE TABLE intermediate.int_{name} AS SELECT {typed} FROM rows")
    warehouse.execute(
        "CREATE TABLE reference.thresholds AS "
        f"SELECT 'shared_account_cases' AS threshold_id, {SHARED_ACCOUNT_CASES}::DOUBLE AS value"
    )


def build(warehouse: duckdb.DuckDBPyConnection, models: dict[str, str], *names: str) -> None:
    """Builds models as dbt does."""
    for name in names:
        warehouse.execute(f"CREATE TABLE intermediate.int_journey__{name} AS {models[name]}")


def test_journeys_follow_the_rules_in_every_hostile_centre(
    models: dict[str, str], warehouse: duckdb.DuckDBPyConnection
) -> None:
    """Without it, a shortcut that spares the components could silently join or part journeys."""
    centres = {seed: hostile_centre(seed) for seed in range(N_CENTRES)}
    items = [item for centre in centres.values() for item in centre]
    fill(warehouse, items)
    build(warehouse, models, *MODELS)
    query = (
        "SELECT item_key, journey_key, coalesce(link_confidence_min, 1.0) FROM intermediate.int_journey__item_links "
        "LEFT JOIN intermediate.int_journey__link_confidences USING (journey_key)"
    )
    found = warehouse.execute(query).fetchall()
    assert len(found) == len(items)
    by_key = {key.hex: (journey.hex, round(confidence, 9)) for key, journey, confidence in found}
    wrong = {}
    for seed, centre in centres.items():
        expected = Journeys(centre).found()
        if expected != {item.key: by_key[item.key] for item in centre}:
            wrong[seed] = centre
    assert not wrong, f"seeds of centres with other journeys: {sorted(wrong)}"
    # The centres are hostile enough to need every rule, and the components.
    bridges = "SELECT count(*) FROM intermediate.int_journey__tie_islands WHERE n_islands > 1 AND n_ties > 1"
    assert warehouse.execute(bridges).fetchone()[0] > N_CENTRES / 2
    for name in ("shared_accounts", "neighbours", "tie_groups", "link_confidences"):
        count = warehouse.execute(f"SELECT count(*) FROM intermediate.int_journey__{name}").fetchone()[0]
        assert count > N_CENTRES / 4, name


@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_a_chain_of_a_hundred_thousand_parent_cases_is_one_tie(
    models: dict[str, str], warehouse: duckdb.DuckDBPyConnection, order: str
) -> None:
    """Without it, a legal export with a long chain of cases would fail the run or fall into pieces."""
    n = 100_000
    names = [f"{i:06}" for i in range(n)]
    if order == "shuffled":
        random.Random(0).shuffle(names)
    anchors = pa.table({"item_key": names, "anchor_key": names, "linked_anchor_key": [*names[1:], None]})
    warehouse.register("anchors", anchors)
    warehouse.execute("CREATE TABLE intermediate.int_journey__anchors AS SELECT * FROM anchors")
    build(warehouse, models, "ties")
    query = "SELECT count(*), min(tie_key), max(tie_key) FROM intermediate.int_journey__ties"
    assert warehouse.execute(query).fetchone() == (n, "000000", "000000")
