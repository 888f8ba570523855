"""The contract of raw tables: their columns and keys, and which entities of the warehouse they feed."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CONTRACT_FILE = Path(__file__).with_name("contract.yml")
MAPPED_SCHEMA = "raw_mapped"

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
    "ids": "VARCHAR[]",
    "email": "VARCHAR",
}

FIRST, LAST = "first", "last"
"""Which of several rows of one key counts: the earliest event, or the state delivered last."""

EXTRA = "_extra"
"""Text of a JSON object: what a record holds in columns that no mapping reads; NULL where there are none."""

SOURCE_LINE = "_source_line"
"""Line of a row in its file; of formats without lines, the number of its record."""

# Types that identify somebody, whatever the field is called.
IDENTIFIER_TYPES = ("phone", "phones", "email", "ids")

# Written by landing on every row, beside the entity's own columns.
SYSTEM_COLUMNS = {
    "source_instance": "VARCHAR",
    "centre": "VARCHAR",
    "_source_file": "VARCHAR",
    "_delivery_id": "VARCHAR",
    "_delivered_at": "TIMESTAMP",
    EXTRA: "VARCHAR",
}

_COLUMN = re.compile(
    r"(?P<type>[a-z]+)(?P<mark>[*?]?)(?: (?P<pii>hash|drop|staff|label|change|plain))?"
    r"(?: \[(?P<words>[a-z0-9_]+(?:, [a-z0-9_]+)*)\])?"
    r"(?: -- (?P<note>.+))?",
    re.DOTALL,
)


@dataclass(frozen=True)
class Column:
    """One field of a table; `pii` says how people are kept out of it, see the head of `contract.yml`.

    `is_optional` fields are left out by the system that exports where they are empty: that a file lacks
    them says nothing. `words` are the values that models know; another word is kept, and unknown to them.
    """

    name: str
    type: str
    is_required: bool = False
    pii: str = ""
    note: str = ""
    is_optional: bool = False
    words: tuple[str, ...] = ()

    @property
    def duckdb_type(self) -> str:
        """Type of the landed column."""
        return DUCKDB_TYPES[self.type]

    @property
    def holds_ids(self) -> bool:
        """Whether its values are joined as identifiers; a change names whom a case went from and to."""
        return self.type == "id" or self.name in ("old_value", "new_value")

    @property
    def is_hashed(self) -> bool:
        """Whether only a keyed hash of it lands."""
        return self.pii == "hash" or self.type in IDENTIFIER_TYPES

    @property
    def is_personal(self) -> bool:
        """Whether it stands for a person: the hash of a customer's id, or the id of an agent."""
        return self.is_hashed or self.pii == "staff"


@dataclass(frozen=True)
class Table:
    """One raw table.

    `columns` are the fields a source may fill. `event_at` dates a row; of several rows of one key the newest
    by `version_at` counts, its columns in turn, or else the one delivered last. `feeds` maps each entity that
    the table feeds to an SQL condition on its columns: which rows are one of it (empty: every row).
    `keep` is `first` for a log of events: of several rows of one key the earliest by `event_at` counts.
    `order` maps a stamp to those that it may not precede, `at_most` a number of seconds to the two stamps
    whose distance it may not exceed. `rows` names, for tables made of lists inside records, each list in
    turn: alias to expression.
    `has_lines` asks landing for the column `_source_line`: the order of the file decides between equal times.
    `sequence` is the column that orders rows of one key; where it is NULL, their lines do.
    `copies` is how often the vendor writes each row: so many of one key are no repeated delivery.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    event_at: str
    is_restated: bool
    columns: dict[str, Column] = field(hash=False)
    feeds: dict[str, str] = field(hash=False)
    schema: str = MAPPED_SCHEMA
    version_at: tuple[str, ...] = ()
    keep: str = LAST
    order: dict[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    at_most: dict[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    rows: dict[str, str] = field(default_factory=dict, hash=False)
    has_lines: bool = False
    sequence: str = ""
    copies: int = 1

    @property
    def full_name(self) -> str:
        """Schema and name, as in SQL."""
        return f"{self.schema}.{self.name}"

    @property
    def reported_entities(self) -> tuple[str, ...]:
        """Entities that deliveries of the table are reported under; its own name where it feeds none yet."""
        return tuple(self.feeds) or (self.name,)

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
        return own | ({SOURCE_LINE: "BIGINT"} if self.has_lines else {}) | SYSTEM_COLUMNS


@dataclass(frozen=True)
class Entity(Table):
    """A table that every source may feed with a mapping of its own: a concept of the warehouse."""

    domain: str = ""
    absent: tuple[str, ...] = ()


def parse(document: dict[str, Any]) -> dict[str, Entity]:
    """Turns the contract's YAML document into entities.

    Raises:
        ValueError: a column is not written as `type[*] [protection] [[word, ...]] [-- note]`.
    """
    entities: dict[str, Entity] = {}
    for name, body in document.items():
        own = {field: column(f"contract.yml: {name}", field, text) for field, text in body["columns"].items()}
        inherited = {}
        if "extends" in body:
            # A snapshot repeats the base row, but only its own key makes it a row.
            base = entities[body["extends"]].columns
            inherited = {
                c.name: Column(c.name, c.type, False, c.pii, c.note, words=c.words)
                for c in base.values()
                if c.name not in own
            }
        entities[name] = Entity(
            name=name,
            domain=body["domain"],
            feeds={name: ""},
            grain=body["grain"],
            key=tuple(body["key"]),
            event_at=body.get("event_at", ""),
            absent=tuple(body["absent"]),
            is_restated=bool(body.get("restated", False)),
            keep=body.get("keep", LAST),
            order=_rules(name, body, own | inherited, "order", entities),
            at_most=_rules(name, body, own | inherited, "at_most", entities),
            has_lines=bool(body.get("lines", False)),
            sequence=body.get("sequence", ""),
            columns=own | inherited,
        )
    return entities


def _rules(
    name: str, body: dict[str, Any], columns: dict[str, Column], kind: str, known: dict[str, Entity]
) -> dict[str, Any]:
    """The rules of one kind, those of the entity that this one extends among them."""
    base = getattr(known[body["extends"]], kind) if "extends" in body else {}
    rules = base | {one: tuple(others) for one, others in body.get(kind, {}).items()}
    if lost := {one for ruled, others in rules.items() for one in (ruled, *others)} - columns.keys():
        raise ValueError(f"contract.yml: {name}.{kind} names no column: {', '.join(sorted(lost))}")
    return rules


def column(where: str, name: str, text: str) -> Column:
    """Reads one column as it is written in a contract: `type[*?] [protection] [[word, ...]] [-- note]`.

    Raises:
        ValueError: it is written otherwise; `where` is the place.
    """
    match = _COLUMN.fullmatch(text)
    if match is None or match["type"] not in DUCKDB_TYPES:
        raise ValueError(f"{where}.{name}: cannot read {text!r}")
    mark = match["mark"]
    words = tuple(match["words"].split(", ")) if match["words"] else ()
    return Column(
        name, match["type"], mark == "*", match["pii"] or "", match["note"] or "", mark == "?", words
    )


@cache
def entities() -> dict[str, Entity]:
    """All entities of the contract by name, in the file's order."""
    return parse(yaml.safe_load(CONTRACT_FILE.read_text(encoding="utf-8")))


CHANGED_FIELD, STATUS_CHANGE = "field", "new_value"
"""Field of `case_changes` that holds a status where `field` says so."""


def vocabulary(entity: str, field: str) -> tuple[str, ...]:
    """Words of a field of an entity; empty where it may hold anything."""
    if (entity, field) == ("case_changes", STATUS_CHANGE):
        entity, field = "cases", "status"
    column = entities()[entity].columns.get(field)
    return column.words if column else ()


def vocabularies(table: Table) -> dict[str, tuple[str, ...]]:
    """Words of every field of a raw table that has a vocabulary in an entity which the table feeds.

    A column that is no text means something else under the same name: the `channel` of a call record may
    be a device.
    """
    fed = [entity for entity in table.feeds if entity in entities()]
    fields = [name for name, column in table.columns.items() if column.type == "text"]
    found = {field: words for field in fields for e in fed if (words := vocabulary(e, field))}
    # A vendor's log of changes names fields as the vendor does, and holds values of each; models know both.
    if table.schema != MAPPED_SCHEMA:
        for name in (CHANGED_FIELD, STATUS_CHANGE):
            found.pop(name, None)
    return found
