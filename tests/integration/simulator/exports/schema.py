"""A small centre exported by a vendor, and how the shape of JSON is compared with a documented sample."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from seeds.simulator.exports.kit import Delivery, Vendor
from seeds.simulator.scenario import Centre, Scenario
from seeds.simulator.simulation import simulate

Kinds = dict[str, set[str]]
LAST_DAY = date(2025, 8, 20)
SMALL = Scenario(
    about="exports", centre=Centre(days=14, teams=4, queues=12, reasons=8, contacts=1500, qa_rate=0.2)
)


def exported(vendor: Vendor, folder: Path, is_bulk: bool = False) -> Delivery:
    """The small centre as the vendor exports it into the folder."""
    connection = simulate(SMALL, 7, vendor, vendor).connection
    connection.execute("SET threads = 1")
    delivery = Delivery(connection, folder, "acme", LAST_DAY, is_bulk)
    vendor.export(delivery)
    return delivery


def words(text: str) -> list[str]:
    """Names written one after the other."""
    return text.split()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The records of JSON lines files, in the order of their paths."""
    return [json.loads(line) for path in sorted(paths) for line in path.read_text().splitlines()]


def kinds(value: Any, maps: frozenset[str] = frozenset()) -> Kinds:
    """Which JSON types stand at which key path; keys below a path in `maps` are data and read as `*`."""
    found: Kinds = {}
    _walk(value, "", maps, found)
    return found


def missing_kinds(sample: Kinds, ours: Kinds) -> list[str]:
    """What the sample shows that we do not have, or have in another type. A null fits everything."""
    problems = []
    for path, types in sample.items():
        if path not in ours:
            problems.append(f"{path} is missing")
        elif (have := ours[path] - {"null"}) and (wanted := types - {"null"}) and not wanted <= have:
            problems.append(f"{path} is {have}, not {wanted}")
    return problems


def _walk(value: Any, path: str, maps: frozenset[str], found: Kinds) -> None:
    found.setdefault(path, set()).add(_kind(value))
    if isinstance(value, dict):
        for key, part in value.items():
            _walk(part, f"{path}.{'*' if path in maps else key}", maps, found)
    elif isinstance(value, list):
        for part in value:
            _walk(part, f"{path}[]", maps, found)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]
