"""Damage that exports take on their way: what is lost, bent, doubled or late. The events stay as they were.

Each kind is a registry row: the blind spot that it makes, the tables it may hit, and the SQL that does it.
Shares are exact: rows are ranked by a hash of their key, and the first ones are taken.
"""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
from seeds.simulator import draws
from seeds.simulator.centre.calendars import DAY
from seeds.simulator.centre.world import World
from seeds.simulator.events import TABLES
from seeds.simulator.scenario import Damage, ScenarioError
from seeds.simulator.truth.record import Blind

LATE_DAYS = 9
SKEW_MINUTES = 7


@dataclass(frozen=True)
class Kind:
    """One kind of damage."""

    blind_id: str
    tables: tuple[str, ...]
    apply: Callable[[duckdb.DuckDBPyConnection, "Hit"], None]


@dataclass(frozen=True)
class Hit:
    """One damage bound to a table: `chosen` is SQL that is true for the rows that are hit."""

    table: str
    chosen: str


def _lose(connection: duckdb.DuckDBPyConnection, hit: Hit) -> None:
    connection.execute(f'DELETE FROM "{hit.table}" WHERE {hit.chosen}')
    if hit.table == "contacts":
        connection.execute("DELETE FROM legs WHERE contact_id NOT IN (SELECT contact_id FROM contacts)")
        connection.execute("DELETE FROM sentiment WHERE contact_id NOT IN (SELECT contact_id FROM contacts)")


def _double(connection: duckdb.DuckDBPyConnection, hit: Hit) -> None:
    later = ", ".join(
        f"{column} + INTERVAL 1 DAY AS {column}" if column == "delivered_version_at" else column
        for column in TABLES[hit.table]
    )
    connection.execute(f'INSERT INTO "{hit.table}" SELECT {later} FROM "{hit.table}" WHERE {hit.chosen}')


def _shift(minutes: int) -> Callable[[duckdb.DuckDBPyConnection, Hit], None]:
    def apply(connection: duckdb.DuckDBPyConnection, hit: Hit) -> None:
        moved = ", ".join(
            f"{column} = {column} + INTERVAL {minutes} MINUTE"
            for column, kind in TABLES[hit.table].items()
            if kind == "ts" and column not in ("valid_from", "valid_to")
        )
        connection.execute(f'UPDATE "{hit.table}" SET {moved} WHERE {hit.chosen}')

    return apply


def _withhold(connection: duckdb.DuckDBPyConnection, hit: Hit) -> None:
    connection.execute(f"UPDATE contacts SET ani = 'anonymous', customer_id = NULL WHERE {hit.chosen}")


def _overwrite(connection: duckdb.DuckDBPyConnection, hit: Hit) -> None:
    """Only the newest value of a customer stays."""
    connection.execute(
        f"DELETE FROM risk_scores WHERE {hit.chosen} AND (customer_id, scored_at) NOT IN "
        "(SELECT customer_id, max(scored_at) FROM risk_scores GROUP BY customer_id)"
    )


KINDS: dict[str, Kind] = {
    "random_loss": Kind("BS46", ("contacts", "legs", "case_changes", "notes"), _lose),
    "correlated_loss": Kind("BS46", ("contacts",), _lose),
    "dropped_hours": Kind("BS03", ("contacts",), _lose),
    "duplicates": Kind("BS38", ("contacts",), _double),
    "late_files": Kind("BS39", ("contacts",), lambda *_: None),
    "zone_shift": Kind("BS37", ("contacts", "legs"), _shift(60)),
    "skew": Kind("BS36", ("cases", "case_changes", "notes", "messages", "escalations"), _shift(SKEW_MINUTES)),
    "withheld_numbers": Kind("BS40", ("contacts",), _withhold),
    "overwritten_history": Kind("BS28", ("risk_scores",), _overwrite),
    "qa_filter": Kind("BS27", ("samples",), _lose),
    "label_outage": Kind("BS26", ("escalations",), _lose),
}
"""Every kind of damage. `late_files` is done to the files, when they have been written."""
_DEFAULT_TABLES = {"random_loss": ("contacts",)}
_MOMENT = {
    "contacts": "started_at", "legs": "started_at", "case_changes": "changed_at", "notes": "created_at",
    "cases": "opened_at", "messages": "sent_at", "escalations": "requested_at", "risk_scores": "scored_at",
}  # fmt: skip
_KEYS = {
    "contacts": "contact_id", "legs": "contact_id || '/' || leg_seq", "notes": "note_id", "cases": "case_id",
    "case_changes": "case_id || '/' || change_seq", "messages": "message_id", "escalations": "escalation_id",
    "risk_scores": "customer_id", "samples": "contact_id",
}  # fmt: skip


def apply(
    connection: duckdb.DuckDBPyConnection, world: World, wanted: list[Damage]
) -> tuple[list[Blind], list[tuple[str, int]]]:
    """Damages the event tables in place; gives what the truth must know, and days whose files come late.

    Raises:
        ScenarioError: if a kind or a table is unknown.
    """
    blind: list[Blind] = []
    late: list[tuple[str, int]] = []
    for damage in wanted:
        kind = KINDS.get(damage.kind)
        if kind is None:
            raise ScenarioError(f"There is no damage '{damage.kind}'. Choose one of {', '.join(KINDS)}.")
        tables = tuple(damage.tables) or _DEFAULT_TABLES.get(damage.kind, kind.tables)
        if unknown := set(tables) - set(kind.tables):
            raise ScenarioError(
                f"Damage '{damage.kind}' cannot hit {', '.join(sorted(unknown))}. "
                f"It can hit {', '.join(kind.tables)}."
            )
        last = world.centre.days if damage.to_day is None else damage.to_day
        start, end = world.day(damage.from_day), world.day(last)
        for table in tables:
            hit = _bind(connection, world, damage, table, start=start, end=end)
            kind.apply(connection, hit)
            blind.append((kind.blind_id, f"{damage.kind}:{table}", start, end, damage.share))
        if damage.kind == "late_files":
            late += _late_days(world, damage, last)
    return blind, late


def _bind(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    damage: Damage,
    table: str,
    *,
    start: float,
    end: float,
) -> Hit:
    key = _KEYS[table]
    window = "true"
    if table in _MOMENT and (damage.from_day or damage.to_day is not None):
        window = f"epoch({_MOMENT[table]}) >= {int(start)} AND epoch({_MOMENT[table]}) < {int(end)}"
    seed = f"{draws.key(world.seed, damage.kind):x}"
    order = f"md5({key} || '{seed}')"
    if damage.kind == "correlated_loss":  # those that a fault touched go first
        order = f"contact_id NOT IN (SELECT contact_id FROM touches), {order}"
    if damage.kind == "dropped_hours":  # whole hours: those of the same hash share one fate
        order = f"md5(CAST(date_trunc('hour', started_at) AS VARCHAR) || '{seed}'), {key}"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE _hit AS "
        f"SELECT k FROM (SELECT {key} AS k, row_number() OVER (ORDER BY {order}) AS place, "
        f'count(*) OVER () AS n FROM "{table}" WHERE {window}) WHERE place <= round(n * {damage.share})'
    )
    return Hit(table, f"({key}) IN (SELECT k FROM _hit) AND {window}")


def _late_days(world: World, damage: Damage, last: int) -> list[tuple[str, int]]:
    """Days (as epoch days of their delivery) whose contact files come nine days late."""
    days = [int(world.day(number)) // DAY + 1 for number in range(damage.from_day, last)]
    stream = draws.key(world.seed, "late_files")
    ranked = sorted(days, key=lambda day: draws.uniform(stream, day))
    return [("contacts", day) for day in sorted(ranked[: round(len(days) * damage.share)])]
