"""Writes small marts with every state, grade and status, and texts that attack the page."""

import datetime
import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas

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

_TABLES = """
create table {schema}.mart_escalation_heatmap (
    centre varchar, dim_x varchar, value_x varchar, dim_y varchar, value_y varchar,
    window_type varchar, window_start date, window_end date, attribution varchar, metric_id varchar,
    n_exposed bigint, n_observed bigint, n_undecidable bigint, rate double, rate_low double,
    rate_high double, undecidable_share double, is_missing_volume_estimated boolean,
    data_confidence double, grade varchar, state varchar, suppress_reason varchar,
    top_blind_spot_id varchar
);
create table {schema}.mart_blind_spot (
    blind_spot_id varchar, name varchar, centre varchar, source_instance varchar,
    scope_type varchar, scope_id varchar, window_type varchar, window_start date, window_end date,
    status varchar, affected_n bigint, total_n bigint, undecidable_n bigint, affected_share double,
    severity varchar, overlap_group varchar, nest_group varchar, first_seen_date date, last_seen_date date,
    owner_function varchar, breaks_affected varchar, metrics_affected varchar,
    n_cells_affected bigint, remedy varchar
);
create table {schema}.mart_source_health (
    centre varchar, source_instance varchar, entity varchar, day date, n_received bigint,
    n_duplicates bigint, duplicate_share double, n_quarantined bigint, is_delivered boolean,
    freshness_hours double
);
create table {schema}.mart_journey (
    centre varchar, journey_id varchar, started_at timestamp, ended_at timestamp,
    is_escalated boolean
);
create table {schema}.mart_case (
    centre varchar, source_instance varchar, case_id varchar, is_escalated boolean
);
create table {schema}.mart_contact (centre varchar, source_instance varchar, contact_id varchar);
create table {schema}.mart_source_span (centre varchar, source_instance varchar, as_of_at timestamp);
create table {registries}.blind_spots (blind_spot_id varchar, name varchar);
create table {registries}.heatmap_metrics (
    metric_id varchar, label varchar, definition varchar, exposure varchar
);
"""


def create_tables(
    connection: duckdb.DuckDBPyConnection, schema: str = "main", registries: str = "main"
) -> None:
    """Creates the empty marts and registries the page reads."""
    for name in {schema, registries}:
        connection.execute(f'create schema if not exists "{name}"')
    connection.execute(_TABLES.format(schema=schema, registries=registries))


def fill_tables(
    connection: duckdb.DuckDBPyConnection,
    schema: str = "main",
    registries: str = "main",
    names: dict[str, list[str]] | None = None,
) -> None:
    """Fills the marts; the same rows on each call."""
    rows: dict[str, list[tuple[Any, ...]]] = {
        f"{schema}.mart_escalation_heatmap": list(heatmap_rows(names or NAMES)),
        f"{schema}.mart_blind_spot": list(blind_spot_rows()),
        f"{schema}.mart_source_health": list(source_health_rows()),
        f"{schema}.mart_journey": [
            (centre, f"j{number}", START, START, _verdict(number, centre))
            for centre in CENTRES
            for number in range(200)
        ],
        f"{schema}.mart_case": [("north", "crm_1", f"c{number}", None) for number in range(1234)],
        f"{schema}.mart_contact": [("north", "tel_1", f"t{number}") for number in range(2345)],
        f"{schema}.mart_source_span": [
            ("north", "crm_1", datetime.datetime(2026, 7, 1, 6)),
            ("north", "tel_1", datetime.datetime(2026, 7, 1, 6)),
        ],
        f"{registries}.blind_spots": [
            ("BS08", "Unmapped queue or team"),
            ("BS26", "Escalation label incomplete"),
            ("BS20", "Case history gaps"),
        ],
        f"{registries}.heatmap_metrics": [
            ("escalated", "Escalated", "Journeys that escalated.", "journeys"),
            ("reopened", "Reopened", "Cases opened again after they were resolved.", "cases"),
            ("sla_missed", "SLA missed", "Clocks that ran out.", "clocks"),
        ],
    }
    for table, values in rows.items():
        # Row by row would take minutes over all tests.
        connection.register("new_rows", pandas.DataFrame(values, dtype=object))
        connection.execute(f"insert into {table} from new_rows")
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
