"""What a field is for beyond its entity: blind spots that it decides, and the axis of the map it becomes."""

from functools import cache

from orchestration.base import registries
from orchestration.sources.contract import Table

AXES = {
    "team": ("cases.group_id", "case_snapshots.group_id", "agents.team_id", "queues.team_id"),
    "reason": ("cases.reason", "case_snapshots.reason", "contacts.reason_close", "contacts.reason_entry"),
    "channel": ("cases.channel", "case_snapshots.channel", "contacts.channel"),
}
"""Fields that place a journey on the axes of the map."""


@cache
def deciding() -> dict[str, tuple[str, ...]]:
    """Name and id of the measured blind spots that each optional field (`entity.field`) decides."""
    found: dict[str, list[str]] = {}
    for row in registries.rows("blind_spot_fields.csv"):
        spot = f"{row['blind_spot_id']} {blind_spot_names()[row['blind_spot_id']]}"
        found.setdefault(f"{row['entity']}.{row['field']}", []).append(spot)
    return {field: tuple(spots) for field, spots in found.items()}


@cache
def blind_spot_names() -> dict[str, str]:
    """Name of each blind spot of the registry, by id."""
    return {row["blind_spot_id"]: row["name"] for row in registries.rows("blind_spots.csv")}


def axes(table: Table, mapped: set[str]) -> list[str]:
    """The axes of the map that the mapped fields of an entity become, e.g. `team from group_id`."""
    return [
        axis if field == axis else f"{axis} from {field}"
        for axis, fields in AXES.items()
        for entity, _, field in (one.partition(".") for one in fields)
        if entity == table.name and field in mapped
    ]


def undecided(table: Table, mapped: set[str]) -> list[str]:
    """Fields of an entity that nobody maps, each with the blind spots that it would decide."""
    return [
        f"{name} ({', '.join(spots)})"
        for name in table.columns
        if name not in mapped and (spots := deciding().get(f"{table.name}.{name}"))
    ]
