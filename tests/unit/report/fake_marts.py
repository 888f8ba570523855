"""Writes small marts with every state, grade and status, and texts that attack the page."""

import datetime
import itertools
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas
import yaml

from tests.conftest import PROJECT

HOSTILE = "<script>window.__pwned=1</script>"
BREAKOUT = "</script><img src=x onerror=window.__pwned=1>"
FORMULA = "=cmd()|'/c calc'!A0"
NAMES = {
    "team": ["Billing", "Returns desk", "Technical, second line", BREAKOUT, "(unknown)"],
    "reason": ["Refund", "Delivery late", HOSTILE, FORMULA, 'He said "no"', "(unknown)"],
    "channel": ["voice", "chat", "e-mail"],
}
CENTRES = ["north", "south " + HOSTILE]
METRICS = {"escalated": 0.12, "reopened": 0.2, "sla_missed": 0.3, "bounced": 0.06}
START = datetime.date(2026, 1, 5)

# What the rows below fill, in their order; the other columns of a mart stay NULL.
_FILLED = {
    "mart_escalation_heatmap": (
        "centre dim_x value_x dim_y value_y window_type window_start window_end attribution "
        "metric_id n_exposed n_observed n_undecidable rate rate_low rate_high undecidable_share "
        "is_missing_volume_estimated data_confidence grade state suppress_reason "
        "top_blind_spot_id"
    ),
    "mart_blind_spot": (
        "blind_spot_id name centre source_instance scope_type scope_id window_type window_start "
        "window_end status affected_n total_n undecidable_n affected_share severity overlap_group "
        "nest_group first_seen_date last_seen_date owner_function breaks_affected "
        "metrics_affected n_cells_affected remedy"
    ),
    "mart_source_health": (
        "centre source_instance entity day n_received n_duplicates duplicate_share n_quarantined "
        "is_delivered freshness_hours"
    ),
    "mart_journey": "centre journey_id started_at ended_at is_escalated",
    "mart_case": "centre source_instance case_id is_escalated",
    "mart_contact": "centre source_instance contact_id",
    "mart_source_span": "centre source_instance as_of_at",
    "blind_spots": "blind_spot_id name",
    "heatmap_metrics": "metric_id label definition exposure",
}
_REGISTRIES = {"blind_spots", "heatmap_metrics"}


@cache
def _declared() -> dict[str, dict[str, str]]:
    """Columns and types of every mart and registry, as dbt's YAML declares them."""
    found = {}
    for path in (PROJECT / "dbt_project" / "models" / "marts").rglob("_models.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            found[model["name"]] = {column["name"]: column["data_type"] for column in model["columns"]}
    seeds = yaml.safe_load((PROJECT / "seeds" / "reference" / "_seeds.yml").read_text(encoding="utf-8"))
    return found | {seed["name"]: seed["config"]["column_types"] for seed in seeds["seeds"]}


def create_tables(
    connection: duckdb.DuckDBPyConnection, schema: str = "main", registries: str = "main"
) -> None:
    """Creates the empty marts and registries the page reads."""
    for name in {schema, registries}:
        connection.execute(f'create schema if not exists "{name}"')
    for table in _FILLED:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in _declared()[table].items())
        place = registries if table in _REGISTRIES else schema
        connection.execute(f"create table {place}.{table} ({columns})")


def fill_tables(
    connection: duckdb.DuckDBPyConnection,
    schema: str = "main",
    registries: str = "main",
    names: dict[str, list[str]] | None = None,
) -> None:
    """Fills the marts; the same rows on each call."""
    rows: dict[str, list[tuple[Any, ...]]] = {
        "mart_escalation_heatmap": list(heatmap_rows(names or NAMES)),
        "mart_blind_spot": list(blind_spot_rows()),
        "mart_source_health": list(source_health_rows()),
        "mart_journey": [
            (centre, f"j{number}", START, START, _verdict(number, centre))
            for centre in CENTRES
            for number in range(200)
        ],
        "mart_case": [("north", "crm_1", f"c{number}", None) for number in range(1234)],
        "mart_contact": [("north", "tel_1", f"t{number}") for number in range(2345)],
        "mart_source_span": [
            ("north", "crm_1", datetime.datetime(2026, 7, 1, 6)),
            ("north", "tel_1", datetime.datetime(2026, 7, 1, 6)),
        ],
        "blind_spots": [
            ("BS08", "Unmapped queue or team"),
            ("BS26", "Escalation label incomplete"),
            ("BS20", "Case history gaps"),
        ],
        "heatmap_metrics": [
            ("escalated", "Escalated", "Journeys that escalated.", "journeys"),
            ("reopened", "Reopened", "Cases opened again after they were resolved.", "cases"),
            ("sla_missed", "SLA missed", "Clocks that ran out.", "clocks"),
        ],
    }
    for table, values in rows.items():
        # Row by row would take minutes over all tests.
        place = registries if table in _REGISTRIES else schema
        columns = _FILLED[table].split()
        connection.register("new_rows", pandas.DataFrame(values, columns=columns, dtype=object))
        connection.execute(f"insert into {place}.{table} by name from new_rows")
        connection.unregister("new_rows")


def write_marts(path: Path, names: dict[str, list[str]] | None = None) -> Path:
    """Writes a filled marts file and returns its path."""
    with duckdb.connect(str(path)) as connection:
        create_tables(connection)
        fill_tables(connection, names=names)
    return path


def heatmap_rows(names: dict[str, list[str]]) -> Iterator[tuple[Any, ...]]:
    """Cells of all pairs, metrics and windows, all states among them."""
    dice = random.Random(7)
    week = datetime.timedelta(weeks=1)
    windows = [
        ("span", START, START + 24 * week),
        ("eight_weeks", START, START + 8 * week),
        ("eight_weeks", START + 8 * week, START + 16 * week),
        ("eight_weeks", START + 16 * week, START + 24 * week),
        ("week", START, START + week),
    ]
    pairs = [("team", "reason"), ("team", "channel"), ("reason", "channel")]
    for centre, window, pair, metric in itertools.product(CENTRES, windows, pairs, METRICS):
        for value_x, value_y in itertools.product(names[pair[0]], names[pair[1]]):
            if dice.random() < 0.06:
                continue
            n_exposed = dice.randrange(3, 900 if window[0] == "span" else 200)
            is_unknown = "(unknown)" in (value_x, value_y)
            yield (
                *(centre, pair[0], value_x, pair[1], value_y, *window, "touched", metric),
                *_cell(dice, n_exposed, METRICS[metric], is_unknown),
            )


def blind_spot_rows() -> Iterator[tuple[Any, ...]]:
    """One row per status and more, worst not first, and rows of other scopes."""
    remedy = "Ask the CRM team to export the history table with the field that names the old value."
    day = datetime.date(2026, 2, 3)
    spots = [
        ("BS11", "Reason unknown or unstable", "ok", 2, 1000, 0.002),
        ("BS20", "Case history gaps", "warn", 120, 1000, 0.12),
        ("BS26", "Escalation label incomplete", "blind", 700, 1000, 0.7),
        ("BS33", HOSTILE, "blind", 900, 1000, 0.9),
        ("BS36", "Clock skew between systems", "errored", None, None, 1.0),
        ("BS42", "Survey selection", "not_applicable", 0, 0, None),
        ("BS23", "Alert log missing", "not_assessed", None, None, None),
    ]
    for key, name, status, affected, total, share in spots:
        yield (
            *(key, name, "north", "crm_1", "source", "crm_1", "span", START, None, status),
            *(affected, total, 0, share, "high", "labels", "label", day, day, "CRM administration", "B01"),
            *("escalated, reopened", 17, remedy + " " + BREAKOUT),
        )
    yield (
        *("BS26", "Only a team", "north", "crm_1", "team", "Billing", "span", START, None, "blind"),
        *(1, 1, 0, 1.0, "high", "labels", "label", day, day, "nobody", "B01", "escalated", 1, "none"),
    )


def source_health_rows() -> Iterator[tuple[Any, ...]]:
    """Three days of two entities, and one entity that was never delivered."""
    for offset, entity in itertools.product(range(3), ("contacts", "cases")):
        day = START + datetime.timedelta(days=offset)
        yield ("north", "crm_1", entity, day, 1000, 10, 0.01, 3, True, 7.5)
    yield ("north", "crm_1", HOSTILE, START, 0, 0, None, 0, False, None)


def _cell(dice: random.Random, n_exposed: int, base: float, is_unknown: bool) -> tuple[Any, ...]:
    if is_unknown and dice.random() < 0.7:
        n_undecidable = int(n_exposed * 0.8)
        confidence, grade, state = 0.2, "D", "blind"
    else:
        n_undecidable = int(n_exposed * dice.random() * 0.15)
        confidence = 1 - n_undecidable / n_exposed - dice.random() * 0.1
        grade = "A" if confidence >= 0.9 else "B" if confidence >= 0.75 else "C"
        state = "unranked"
    n_decided = n_exposed - n_undecidable
    n_observed = round(n_decided * base * (0.4 + 1.4 * dice.random()))
    reason = None
    if state != "blind" and n_exposed < 25:
        state, reason = "suppressed", "fewer than 25 exposed"
    elif state != "blind" and n_observed < 16:
        state = "unstable"
    return (
        *(n_exposed, n_observed, n_undecidable, n_observed / n_decided, n_observed / n_exposed),
        *((n_observed + n_undecidable) / n_exposed, n_undecidable / n_exposed, False, confidence),
        *(grade, state, reason, "BS26" if grade == "D" else "BS08" if grade == "C" else None),
    )


def _verdict(number: int, centre: str) -> bool | None:
    if centre != "north" or number % 10 == 0:
        return None
    return number % 7 == 0
