"""The contract of raw tables: which entities a source can feed, with which columns."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CONTRACT_FILE = Path(__file__).with_name("contract.yml")

DUCKDB_TYPES = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "ts": "TIMESTAMP",
    "date": "DATE",
    "int": "BIGINT",
    "num": "DOUBLE",
    "bool": "BOOLEAN",
    "list": "VARCHAR[]",
    "phone": "VARCHAR",
    "phones": "VARCHAR[]",
}

# Written by landing on every row, beside the entity's own columns.
SYSTEM_COLUMNS = {
    "source_instance": "VARCHAR",
    "centre": "VARCHAR",
    "_source_file": "VARCHAR",
    "_delivery_id": "VARCHAR",
    "_delivered_at": "TIMESTAMP",
}

_COLUMN = re.compile(r"(?P<type>[a-z]+)(?P<required>\*?)(?: (?P<pii>hash|drop))?(?: -- (?P<note>.+))?")


@dataclass(frozen=True)
class Column:
    """One field of an entity; `pii` is `hash`, `drop` or empty."""

    name: str
    type: str
    is_required: bool = False
    pii: str = ""
    note: str = ""

    @property
    def duckdb_type(self) -> str:
        """Type of the landed column."""
        return DUCKDB_TYPES[self.type]


@dataclass(frozen=True)
class Entity:
    """One table of the contract; `columns` are the fields a source may fill."""

    name: str
    domain: str
    grain: str
    key: tuple[str, ...]
    event_at: str
    absent: tuple[str, ...]
    is_restated: bool
    columns: dict[str, Column] = field(hash=False)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields without which a row is no row."""
        return tuple(c.name for c in self.columns.values() if c.is_required)

    @property
    def landed(self) -> dict[str, str]:
        """Columns of the raw table in order, name to DuckDB type, system columns last."""
        own: dict[str, str] = {}
        for column in self.columns.values():
            if column.pii == "drop":
                continue
            own[column.name] = column.duckdb_type
            if column.type == "phone":
                own[f"{column.name}_status"] = "VARCHAR"
        return own | SYSTEM_COLUMNS


def parse(document: dict[str, Any]) -> dict[str, Entity]:
    """Turns the contract's YAML document into entities.

    Raises:
        ValueError: a column is not written as `type[*] [hash|drop] [-- note]`.
    """
    entities: dict[str, Entity] = {}
    for name, body in document.items():
        own = {column: _column(name, column, text) for column, text in body["columns"].items()}
        inherited = {}
        if "extends" in body:
            # A snapshot repeats the base row, but only its own key makes it a row.
            base = entities[body["extends"]].columns
            inherited = {
                c.name: Column(c.name, c.type, False, c.pii, c.note)
                for c in base.values()
                if c.name not in own
            }
        entities[name] = Entity(
            name=name,
            domain=body["domain"],
            grain=body["grain"],
            key=tuple(body["key"]),
            event_at=body.get("event_at", ""),
            absent=tuple(body["absent"]),
            is_restated=bool(body.get("restated", False)),
            columns=own | inherited,
        )
    return entities


def _column(entity: str, name: str, text: str) -> Column:
    match = _COLUMN.fullmatch(text)
    if match is None or match["type"] not in DUCKDB_TYPES:
        raise ValueError(f"contract.yml: {entity}.{name}: cannot read {text!r}")
    return Column(name, match["type"], bool(match["required"]), match["pii"] or "", match["note"] or "")


@cache
def entities() -> dict[str, Entity]:
    """All entities of the contract by name, in the file's order."""
    return parse(yaml.safe_load(CONTRACT_FILE.read_text(encoding="utf-8")))
