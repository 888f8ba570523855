"""Multiplies a simulated centre inside DuckDB: the same structure with new ids, for tests under load."""

from collections.abc import Callable

import duckdb
from seeds.simulator.events import TABLES

SHARED = frozenset({"routing_expectations", "escalation_policy"})
"""Tables without an id of their own: all copies share them."""
NUMBERS_A_CENTRE = 100_000
"""How far apart the phone numbers of two copies lie."""
MEMORY_LIMIT = "4GB"
"""What DuckDB may take for the copies; 1 million contacts do not fit into what one centre needs."""


def multiply(connection: duckdb.DuckDBPyConnection, copies: int, tables: list[str]) -> None:
    """Replaces each table by so many copies of its rows."""
    connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
    for table in tables:
        if table not in SHARED:
            connection.execute(f'CREATE OR REPLACE TABLE "{table}" AS {multiplied(table, copies)}')


def multiplied(table: str, copies: int) -> str:
    """SQL of a table with each row once per copy; the first copy keeps its ids."""
    if table in SHARED:
        return f'SELECT * FROM "{table}"'
    listed = ", ".join(_copied(column, kind) for column, kind in TABLES[table].items())
    return f'SELECT {listed} FROM "{table}" AS t, range({copies}) AS r(copy)'


def _copied(column: str, kind: str) -> str:
    value = f't."{column}"'
    of_kind = _id if kind == "id" else str
    return f"{_COPIED.get(column, of_kind)(value)} AS {column}"


def _key(value: str) -> str:
    return f"{value} + r.copy * 100000000"


def _id(value: str) -> str:
    return f"CASE WHEN r.copy = 0 THEN {value} ELSE {value} || '-' || r.copy END"


def _caller(value: str) -> str:
    return f"CASE WHEN r.copy = 0 OR {value} NOT LIKE '+%' THEN {value} ELSE {_number(value)} END"


def _each(of_one: Callable[[str], str]) -> Callable[[str], str]:
    return lambda value: f"list_transform({value}, lambda x: {of_one('x')})"


def _number(value: str) -> str:
    return f"'+' || (CAST(substr({value}, 2) AS BIGINT) + r.copy * {NUMBERS_A_CENTRE})"


def _address(value: str) -> str:
    return f"CASE WHEN r.copy = 0 THEN {value} ELSE replace({value}, '@', '.' || r.copy || '@') END"


_COPIED: dict[str, Callable[[str], str]] = {
    "contact_key": _key,
    "case_key": _key,
    "issue_id": _key,
    "ani": _caller,
    "phones": _each(_number),
    "emails": _each(_address),
    "email": _address,
    "rendered_for": _each(_id),
}
"""SQL of a copied column, by its name; any other goes by its kind."""
