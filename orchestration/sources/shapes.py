"""Shapes of nested records: what the expressions of a mapping reach into, as a type to read JSON with.

Whatever no expression names is left unread, so a vendor's new fields deep inside a record cost nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from orchestration.base import sql

Path = tuple[str, ...]
ITEM = "[]"
"""A step of a path: any item of a list."""


@dataclass
class Shape:
    """An object with `fields`, a list of `item`, or (neither) a value that is read as text."""

    fields: dict[str, "Shape"] = field(default_factory=dict)
    item: "Shape | None" = None

    @property
    def is_text(self) -> bool:
        """Whether nothing reaches into it."""
        return not self.fields and self.item is None

    @property
    def duckdb_type(self) -> str:
        """The type to read it as."""
        if self.item is not None:
            return f"{self.item.duckdb_type}[]"
        if not self.fields:
            return "VARCHAR"
        return "STRUCT(" + ", ".join(f"{sql.name(n)} {s.duckdb_type}" for n, s in self.fields.items()) + ")"

    @property
    def structure(self) -> Any:
        """The same for DuckDB's `json_transform`."""
        if self.item is not None:
            return [self.item.structure]
        return {n: s.structure for n, s in self.fields.items()} if self.fields else "VARCHAR"

    def transform(self, value: str) -> str:
        """SQL that reads JSON as this shape; what is of another kind becomes NULL, see `fits`."""
        return f"json_transform({value}, {sql.text(json.dumps(self.structure))})"

    def fits(self, value: str) -> str:
        """SQL: whether every object and list of this shape is one, or missing, in the JSON value."""
        checks = " AND ".join(self._kinds(value, "$")) or "true"
        return f"({value} IS NULL OR ({checks}))"

    def _kinds(self, value: str, path: str) -> list[str]:
        if self.is_text:
            return []
        kind = "OBJECT" if self.item is None else "ARRAY"
        found = f"json_type({value}, {sql.text(path)})"
        if "[*]" in path:
            checks = [f"len(list_filter({found}, lambda k: k NOT IN ('{kind}', 'NULL'))) = 0"]
        else:
            checks = [f"coalesce({found}, 'NULL') IN ('{kind}', 'NULL')"]
        for name, inner in self.fields.items():
            checks += inner._kinds(value, f'{path}."{name}"')
        if self.item is not None:
            checks += self.item._kinds(value, f"{path}[*]")
        return checks


def of(paths: Iterable[Path]) -> dict[str, Shape]:
    """Shape of each top-level column that the paths start from.

    Raises:
        ValueError: one path takes for an object what another takes for a list.
    """
    root = Shape()
    for path in paths:
        node = root
        for i, step in enumerate(path):
            if (step == ITEM and node.fields) or (step != ITEM and node.item is not None):
                raise ValueError(f"{'.'.join(path[:i])} is read both as an object and as a list")
            if step == ITEM:
                node.item = node.item or Shape()
                node = node.item
            else:
                node = node.fields.setdefault(step, Shape())
    return root.fields
