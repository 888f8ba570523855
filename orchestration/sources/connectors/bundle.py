"""Reads `connectors/<vendor>/connector.yml`: the files a vendor exports and the raw tables made of them.

Each file set has the settings of a source file's file set, besides the places of the files. Each table says
which file set it is made `from`, its grain, key and date, what orders its versions (a column, or several
in turn), the entities it `feeds`, the lists it takes its `rows` from, and its columns as `type[*?]
[protection] = expression [-- note]`: `*` marks what a row cannot do without, `?` what the vendor leaves out
where it is empty. Expressions are DuckDB's, over the columns of the file; in JSON a dot leads into an object.
`also` names further file sets with the same rows, one record a row: of each the expressions of the columns
that it has.

`lines` lands the place of a row in its file, for tables whose rows of one moment differ in nothing
else; `sequence` names the column that orders rows of one key, where there is one.

What a parameter of a log means depends on its event. `parameters` of the document lists the parameters of
every event in their order; `EVENT|FIRST` lists those of an event whose first parameter is FIRST. `parameters`
of a table says where its rows have the `event` and the nth parameter (its `place`). In a column, `@name` is
the parameter of that name, and NULL for events that have none.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from orchestration.sources import contract
from orchestration.sources.contract import Table

_FOLDER = Path(__file__).parent
_FILE = "connector.yml"
_ABOUT_TABLE = {
    "from",
    "also",
    "grain",
    "key",
    "event_at",
    "version_at",
    "restated",
    "lines",
    "sequence",
    "copies",
    "feeds",
    "rows",
    "where",
    "parameters",
    "columns",
}


@dataclass(frozen=True)
class Connector:
    """A vendor's export. `file_sets` holds the settings of each, `feeds` (table to mapping) among them.

    `flat` names the file sets whose records are rows even of tables that others have lists of.
    """

    name: str
    title: str
    file_sets: dict[str, dict[str, Any]] = field(hash=False)
    tables: dict[str, Table] = field(hash=False)
    flat: frozenset[str] = frozenset()

    def tables_of(self, file_set: str) -> dict[str, Table]:
        """The tables that a file set feeds, with the expressions over its records."""
        fed = {table: self.tables[table] for table in self.file_sets[file_set]["feeds"]}
        return {name: replace(one, rows={}) for name, one in fed.items()} if file_set in self.flat else fed


def names() -> list[str]:
    """All vendors that there is a connector for."""
    return sorted(path.parent.name for path in _FOLDER.glob(f"*/{_FILE}"))


@cache
def load(name: str) -> Connector:
    """The connector of a vendor.

    Raises:
        ValueError: its YAML is not written as this module says.
    """
    return parse(name, yaml.safe_load((_FOLDER / name / _FILE).read_text(encoding="utf-8")))


def all_tables() -> list[Table]:
    """Every raw table with columns of its own: the entities of the contract, then the vendors' tables."""
    return [
        *contract.entities().values(),
        *(table for name in names() for table in load(name).tables.values()),
    ]


def parse(name: str, document: dict[str, Any]) -> Connector:
    """Turns a connector's YAML document into its file sets and tables.

    Raises:
        ValueError: a table is made from no known file set, or a column is not written as above.
    """
    file_sets: dict[str, dict[str, Any]] = {
        file_set: {**(settings or {}), "feeds": {}} for file_set, settings in document["files"].items()
    }
    tables: dict[str, Table] = {}
    for table, body in document["tables"].items():
        where = f"{name}/{_FILE}: {table}"
        if unknown := set(body) - _ABOUT_TABLE:
            raise ValueError(f"{where}: unknown setting {', '.join(sorted(unknown))}")
        also: dict[str, dict[str, Any]] = body.get("also") or {}
        if lost := [one for one in (body["from"], *also) if one not in file_sets]:
            raise ValueError(f"{where}: no file set is called {', '.join(map(repr, lost))}")
        named = (
            _Parameters(where, document["parameters"], body["parameters"]) if "parameters" in body else None
        )
        parsed = {
            column: _column(where, column, named.resolved(text) if named else text)
            for column, text in body["columns"].items()
        }
        tables[table] = Table(
            name=table,
            schema=f"raw_{name}",
            grain=body["grain"],
            key=tuple(body["key"]),
            event_at=body.get("event_at", ""),
            version_at=_listed(body.get("version_at", [])),
            is_restated=bool(body.get("restated", False)),
            has_lines=bool(body.get("lines", False)),
            sequence=body.get("sequence", ""),
            copies=int(body.get("copies", 1)),
            feeds={entity: condition or "" for entity, condition in (body.get("feeds") or {}).items()},
            rows=dict(body.get("rows") or {}),
            columns={column: one for column, (one, _) in parsed.items()},
        )
        mapping = {column: expression for column, (_, expression) in parsed.items()}
        if "where" in body:
            mapping["where"] = body["where"]
        for file_set, expressions in {body["from"]: mapping, **also}.items():
            file_sets[file_set]["feeds"][table] = expressions
    flat = {one for body in document["tables"].values() for one in body.get("also") or {}}
    return Connector(name, document["title"], file_sets, tables, frozenset(flat))


@dataclass(frozen=True)
class _Parameters:
    """The parameters of every event of a log, and SQL of where event and parameters stand in its rows."""

    where: str
    events: Mapping[str, list[str]]
    places: Mapping[str, str]

    def resolved(self, text: Any) -> Any:
        """A column's text with every `@name` as the expression that finds the parameter of that name."""
        return (
            re.sub(r"@(\w+)", lambda found: self._expression(found[1]), text)
            if isinstance(text, str)
            else text
        )

    def _expression(self, name: str) -> str:
        """The parameter by its event; an event whose first parameter decides goes first."""
        found: dict[tuple[str, int], list[str]] = {}
        for label, names in self.events.items():
            if name in names:
                event, _, first = label.partition("|")
                found.setdefault((first, names.index(name) + 1), []).append(event)
        if not found:
            raise ValueError(f"{self.where}: no event has a parameter {name!r}")
        choices = ""
        for (first, n), events in sorted(found.items(), reverse=True):
            listed = ", ".join(f"'{event}'" for event in events)
            decided = f" AND {self._place(1)} = '{first}'" if first else ""
            choices += f" WHEN {self.places['event']} IN ({listed}){decided} THEN {self._place(n)}"
        return f"CASE{choices} END"

    def _place(self, n: int) -> str:
        return self.places["place"].format(n=n, nth_field=n + int(self.places.get("fields_before", 0)))


def _listed(given: str | list[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _column(where: str, name: str, text: str | dict[str, Any]) -> tuple[contract.Column, Any]:
    if isinstance(text, dict):
        return contract.column(where, name, text["type"]), {k: v for k, v in text.items() if k != "type"}
    head, equals, rest = text.partition(" = ")
    if not equals:
        raise ValueError(f"{where}.{name}: {text!r} has no ` = expression`")
    expression, dashes, note = rest.partition(" -- ")
    return contract.column(where, name, f"{head}{dashes}{note}"), expression.strip()
