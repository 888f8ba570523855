"""A small simulated centre, exported by a CRM vendor, with what the quirks need: a long name and odd characters."""

import csv
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from seeds.simulator.exports import plain
from seeds.simulator.exports.kit import Delivery, Vendor
from seeds.simulator.scenario import Scenario
from seeds.simulator.simulation import simulate
from tests.conftest import REAL_DATA, need

LONG_NAME = "A team whose name is longer than any history keeps " * 8
ODD_TEXT = 'first line\n"quoted", with a comma; ümlaut €\nlast line'
_KINDS = (
    ("flag", r"(?i)true|false"),
    ("number", r"-?\d+(\.\d+)?"),
    ("moment", r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"),
    ("day", r"\d{4}-\d\d-\d\d"),
    ("hex id", r"[0-9a-f]{32}"),
)


@dataclass
class Made:
    """An export, the event tables behind it, and the delivery that wrote it."""

    connection: duckdb.DuckDBPyConnection
    delivery: Delivery
    folder: Path

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the event tables."""
        return self.connection.execute(query).fetchall()

    def csv(self, name: str) -> list[dict[str, str]]:
        """All rows of a CSV, over all days in their order."""
        found: list[dict[str, str]] = []
        for path in sorted(self.folder.rglob(f"{name}.csv")):
            with path.open(encoding="utf-8", newline="") as lines:
                found.extend(csv.DictReader(lines))
        return found

    def pages(self, name: str) -> list[tuple[Path, dict[str, Any]]]:
        """All pages of a feed, over all days in their order."""
        paths = [
            path for path in sorted(self.folder.rglob("*.json")) if re.fullmatch(rf"{name}_\d+", path.stem)
        ]
        return [(path, json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def export(vendor: Vendor, folder: Path) -> Made:
    """Simulates two weeks and writes the vendor's files."""
    scenario = Scenario(about="test", centre={"contacts": 2_000, "days": 14, "name": "north_desk"})
    made = simulate(scenario, 7, plain.VENDOR, vendor)
    connection = made.connection
    connection.execute("UPDATE teams SET team = ? WHERE team_id = 'T_01'", [LONG_NAME])
    connection.execute(
        "UPDATE cases SET description = ? WHERE case_id = (SELECT min(case_id) FROM cases)", [ODD_TEXT]
    )
    last = scenario.centre.starts_on + timedelta(days=scenario.centre.days)
    delivery = Delivery(connection, folder, scenario.centre.name, last)
    vendor.export(delivery)
    return Made(connection, delivery, folder)


def digests(folder: Path) -> dict[str, str]:
    """What each file below a folder holds, in short."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def kind_of(values: list[str]) -> str:
    """What the filled values of a column are: the first kind that fits them all, else text."""
    return next(
        (kind for kind, shape in _KINDS if all(re.fullmatch(shape, value) for value in values)), "text"
    )


def sample(path: str) -> list[dict[str, str]]:
    """Rows of a vendor's sample; skips where it is not there."""
    found = REAL_DATA / "vendor-tables" / path
    need(found.is_file(), f"no {found} (set FAULTLINE_REAL_DATA)")
    with found.open(encoding="utf-8", newline="") as lines:
        return [
            {name: value for name, value in row.items() if not name.startswith("_fivetran")}
            for row in csv.DictReader(lines)
        ]


def filled(rows: list[dict[str, str]], name: str) -> list[str]:
    """The values of a column that are not empty."""
    return [row[name] for row in rows if row[name]]
