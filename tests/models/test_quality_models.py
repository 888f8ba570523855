"""Weighted scores and recommended samples, held against the plain formulas on random contacts.

dbt compiles the models; DuckDB runs them as views over a made-up table of contacts.
"""

import json
import math
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from orchestration import settings
from orchestration.runs.dbt_project import DBT_FOLDER
from orchestration.settings import Settings
from tests.structure.reading import registry

MODELS = (
    "int_quality__counts", "int_quality__strata", "int_quality__plan_frames", "int_quality__plan_allocations",
    "mart_qa_sampling_plan",
)  # fmt: skip
THRESHOLDS = {row["threshold_id"]: float(row["value"]) for row in registry("thresholds")}
COLUMNS = {
    "contact_key": "VARCHAR", "centre": "VARCHAR", "source_instance": "VARCHAR", "contact_id": "VARCHAR",
    "started_date": "DATE", "channel": "VARCHAR", "team": "VARCHAR", "queue_group": "VARCHAR", "reason": "VARCHAR",
    "talk_time": "VARCHAR", "agent": "VARCHAR", "stratum": "VARCHAR", "is_eligible": "BOOLEAN",
    "is_sampled": "BOOLEAN", "is_evaluated": "BOOLEAN", "has_human_evaluation": "BOOLEAN",
    "has_automatic_evaluation": "BOOLEAN", "score": "DOUBLE", "weight": "DOUBLE", "latency_seconds": "BIGINT",
    "is_double_scored": "BOOLEAN", "is_scored_alike": "BOOLEAN", "is_before_escalation": "BOOLEAN",
    "is_without_escalation": "BOOLEAN", "is_in_escalated_journey": "BOOLEAN",
}  # fmt: skip
Contact = dict[str, Any]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with the models as views, and a table of contacts to fill."""
    config = Settings(home=tmp_path_factory.mktemp("quality"))
    config.paths.create()
    command = [
        str(Path(sys.executable).with_name("dbt")), "compile", "--select", *MODELS, "--no-populate-cache",
        "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
        "--target-path", str(config.paths.dbt), "--vars", "{inlined: view}",
    ]  # fmt: skip
    environment = os.environ | settings.for_subprocesses(config)
    done = subprocess.run(
        command, cwd=DBT_FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    nodes = json.loads((config.paths.dbt / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    with duckdb.connect(str(config.paths.warehouse)) as connection:
        for schema in ("intermediate", "reference", "marts"):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute("CREATE TABLE reference.thresholds (threshold_id VARCHAR, value DOUBLE)")
        connection.executemany("INSERT INTO reference.thresholds VALUES (?, ?)", list(THRESHOLDS.items()))
        connection.execute(
            "CREATE TABLE intermediate.int_window__windows AS SELECT 'bank' AS centre, 'span' AS window_type, "
            "DATE '2024-01-01' AS window_start, DATE '2025-01-06' AS window_end"
        )
        columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
        connection.execute(f"CREATE TABLE intermediate.int_quality__contacts ({columns})")
        for name in MODELS:
            node = nodes[f"model.faultline.{name}"]
            connection.execute(f"CREATE VIEW {node['schema']}.{name} AS {node['compiled_code']}")
        yield connection


def fill(warehouse: duckdb.DuckDBPyConnection, contacts: list[Contact]) -> None:
    """Replaces the contacts."""
    warehouse.execute("TRUNCATE intermediate.int_quality__contacts")
    named = [
        {"centre": "bank", "contact_key": str(n), "contact_id": str(n), "source_instance": "tel"} | contact
        for n, contact in enumerate(contacts)
    ]
    values = ", ".join("unnest(?)" for _ in COLUMNS)
    warehouse.execute(
        f"INSERT INTO intermediate.int_quality__contacts SELECT {values}",
        [[one.get(column) for one in named] for column in COLUMNS],
    )


probabilities = st.floats(0.01, 1).map(lambda p: round(p, 3))
scores = st.none() | st.floats(0, 100).map(lambda score: round(score, 1))
scored_contacts = st.lists(
    st.fixed_dictionaries(
        {
            "probability": probabilities,
            "score": scores,
            "agent": st.sampled_from(["ann", "bob", "cleo", None]),
            "is_evaluated": st.booleans(),
            "is_before_escalation": st.booleans(),
        }
    ),
    min_size=1,
    max_size=40,
)


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contacts=scored_contacts)
def test_weighted_scores_are_those_of_horvitz_and_thompson(
    warehouse: duckdb.DuckDBPyConnection, contacts: list[Contact]
) -> None:
    """Without it, a mart could call the mean of a skewed sample the quality of the centre."""
    drawn = [one for one in contacts if one["score"] is not None]
    fill(
        warehouse,
        [
            one
            | {
                "started_date": "2024-03-04",
                "is_sampled": True,
                "weight": 1 / one["probability"] if one["score"] is not None else None,
                "is_without_escalation": not one["is_before_escalation"],
            }
            for one in contacts
        ],
    )
    found = warehouse.execute(
        "SELECT score_raw, score_weighted, design_effect, n_effective, log_ratio_variance "
        "FROM intermediate.int_quality__strata WHERE stratum_type = 'all'"
    ).fetchall()
    weights = [1 / one["probability"] for one in drawn]
    total, squares = sum(weights), sum(weight * weight for weight in weights)
    (*shown, variance), *others = found
    assert not others
    assert variance == pytest.approx(log_ratio_variance(contacts), abs=1e-9)
    if not drawn:
        assert shown == [None] * 4
        return
    assert shown == pytest.approx(
        [
            statistics.fmean(one["score"] for one in drawn),
            sum(one["score"] / one["probability"] for one in drawn) / total,
            len(drawn) * squares / total**2,
            total**2 / squares,
        ]
    )


def log_ratio_variance(contacts: list[Contact]) -> float:
    """The larger of two variances of the logarithm of a ratio of coverages: by contact, and by agent."""
    sides = [[one for one in contacts if one["is_before_escalation"] is side] for side in (True, False)]
    seen = [[one for one in side if one["is_evaluated"]] for side in sides]
    by_contact = sum(1 / (len(y) + 0.5) - 1 / (len(n) + 0.5) for y, n in zip(seen, sides, strict=True))
    agents = {one["agent"] for one in contacts}
    if not all(seen) or len(agents) < 2:
        return by_contact

    def share(agent: str | None, rows: list[Contact]) -> float:
        return sum(one["agent"] == agent for one in rows) / len(rows)

    residuals = [
        share(agent, seen[0]) - share(agent, sides[0]) - share(agent, seen[1]) + share(agent, sides[1])
        for agent in agents
    ]
    by_agent = sum(r * r for r in residuals) * len(agents) / (len(agents) - 1)
    return max(by_contact, by_agent)


plan_contacts = st.lists(
    st.fixed_dictionaries(
        {
            "stratum": st.sampled_from(["cards / voice", "cards / chat", "loans / voice", "travel / email"]),
            "score": scores,
            "is_in_escalated_journey": st.sampled_from([False, False, True]),
            "started_date": st.sampled_from(["2024-01-02", "2024-03-01", "2024-03-04"]),
            "copies": st.integers(1, 60),
        }
    ),
    min_size=1,
    max_size=25,
)


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=plan_contacts)
def test_recommended_samples_follow_neyman(
    warehouse: duckdb.DuckDBPyConnection, groups: list[Contact]
) -> None:
    """Without it, the sample could leave out the strata that vary most, with probabilities that hide it."""
    contacts = [
        {**one, "is_evaluated": one["score"] is not None} for one in groups for _ in range(one["copies"])
    ]
    fill(warehouse, contacts)
    plan = warehouse.execute(
        "SELECT selected_because, stratum, inclusion_probability, priority, contact_id FROM marts.mart_qa_sampling_plan"
    ).fetchall()
    frame, expected = allocation(contacts)
    drawn: dict[str, int] = defaultdict(int)
    for because, stratum, probability, _, _ in plan:
        group = "census" if because == "escalated_journey" else stratum
        drawn[group] += 1
        assert probability == pytest.approx(expected[group] / frame[group])
    assert dict(drawn) == {group: n for group, n in expected.items() if n}
    assert sorted(row[3] for row in plan) == list(range(1, len(plan) + 1))
    assert len({row[4] for row in plan}) == len(plan)
    assert all(row[0] == "stratum" for row in sorted(plan, key=lambda row: row[3])[drawn["census"] :])


def allocation(contacts: list[Contact]) -> tuple[dict[str, int], dict[str, int]]:
    """By group: its contacts that may be drawn, and how many are."""
    newest = max(one["started_date"] for one in contacts)
    recent = {"2024-03-04": {"2024-03-01", "2024-03-04"}}.get(newest, {newest})
    frame: dict[str, int] = defaultdict(int)
    scored: dict[str, list[float]] = defaultdict(list)
    for one in contacts:
        if one["score"] is not None:
            scored[one["stratum"]].append(one["score"] / 100)
        elif one["started_date"] in recent:
            frame["census" if one["is_in_escalated_journey"] else one["stratum"]] += 1
    every = [score for found in scored.values() for score in found]
    centre_mean = statistics.fmean(every) if every else 0.5
    prior = THRESHOLDS["qa_plan_prior_scores"]

    def spread(stratum: str) -> float:
        found = scored[stratum]
        if len(found) >= THRESHOLDS["qa_plan_min_scores"]:
            return statistics.stdev(found)
        mean = (sum(found) + prior * centre_mean) / (len(found) + prior)
        return math.sqrt(mean * (1 - mean))

    strata = {group: n for group, n in frame.items() if group != "census"}
    n_census = min(frame.get("census", 0), int(THRESHOLDS["qa_plan_census_cap"]))
    left = max(THRESHOLDS["qa_plan_size"] - n_census, 0)
    weights = {stratum: n * spread(stratum) for stratum, n in strata.items()}
    if sum(weights.values()) == 0:
        weights = {stratum: float(n) for stratum, n in strata.items()}
    expected = {
        stratum: min(n, max(int(THRESHOLDS["qa_plan_floor"]), math.floor(
            round(left * weights[stratum] / sum(weights.values()), 6) + 0.5)))
        for stratum, n in strata.items()
    }  # fmt: skip
    return frame, expected | ({"census": n_census} if n_census else {})
