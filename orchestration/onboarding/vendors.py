"""Recognises exports that a vendor's connector knows, so that nobody maps by hand what is mapped already."""

import re
from collections.abc import Iterable
from typing import Any

from orchestration.sources.connectors import bundle
from orchestration.sources.file_settings import FileSet

_MOST = 0.8
"""Share of the columns of an export that a connector has to know."""
_ENOUGH = 8
"""How many that has to be in a table; the name of their list identifies pages of JSON."""


def hint(columns: Iterable[str], options: FileSet) -> str:
    """A sentence that names the connector which knows the columns of an export; empty if none does."""
    names = {column.lower() for column in columns}
    if not options.records and len(names) < _ENOUGH:
        return ""
    shares = {
        (connector.name, file_set): _known_share(names, connector, file_set)
        for connector in map(bundle.load, bundle.names())
        for file_set in connector.file_sets
        if _has_same_layout(connector, file_set, options)
    }
    most = max(shares.values(), default=0.0)
    if most < _MOST:
        return ""
    best = [one for one, share in shares.items() if share == most]
    vendor = best[0][0]
    its = " or ".join(f"`{file_set}`" for name, file_set in best if name == vendor)
    return (
        f"{bundle.load(vendor).title} exports such columns. If this is its {its}, nothing is to be mapped: "
        f"write `connector: {vendor}` and, under `files`, that name with a glob. See "
        "docs/adding_a_connector.md#a-source-that-a-connector-knows"
    )


def _has_same_layout(connector: bundle.Connector, file_set: str, options: FileSet) -> bool:
    is_json = connector.file_sets[file_set].get("format", "csv") in ("json", "jsonl")
    lists = {place for table in connector.tables_of(file_set).values() for place in table.rows.values()}
    return is_json == options.is_json and (not options.records or options.records in lists)


def _known_share(names: set[str], connector: bundle.Connector, file_set: str) -> float:
    settings = connector.file_sets[file_set]
    known = {word.lower() for word in [*settings.get("ignore_columns", ()), *_words(settings["feeds"])]}
    return len(names & known) / max(len(names), 1)


def _words(mapping: Any) -> list[str]:
    """All words of the expressions of a mapping, columns among them."""
    if isinstance(mapping, dict):
        return [word for value in mapping.values() for word in _words(value)]
    return re.findall(r"\w+", str(mapping))
