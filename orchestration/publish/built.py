"""What the warehouse was built from, recorded inside the warehouse itself.

`raw_faultline.inputs` holds the fingerprint of the inputs that the raw zone shows.
`raw_faultline.built` lists the tables and views that were built from these inputs, parents included. The raw
zone empties the list whenever it changes. A relation that is not listed may be older, or half built.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import duckdb

from orchestration.base import sql
from orchestration.errors import RunError
from orchestration.sources import raw_tables

Relation = tuple[str, str]
"""Schema and name of a table or view."""

SCHEMA = raw_tables.SYSTEM_SCHEMA
_NAMED = 3
_WAY_OUT = "Start the job publish_marts, or materialize all assets; both build what is missing."


@dataclass(frozen=True)
class Built:
    """What the warehouse holds: the inputs of its raw zone, and the relations built from it."""

    inputs: str
    relations: frozenset[Relation]


def read(connection: duckdb.DuckDBPyConnection) -> Built:
    """What the warehouse was built from; all is empty where an earlier version of Faultline built it."""
    tables = {
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [SCHEMA]
        ).fetchall()
    }
    if not {"inputs", "built"} <= tables:
        return Built("", frozenset())
    inputs = connection.execute(f"SELECT inputs FROM {SCHEMA}.inputs").fetchall()[0][0]
    rows = connection.execute(f"SELECT schema_name, name FROM {SCHEMA}.built").fetchall()
    return Built(inputs, frozenset((schema, name) for schema, name in rows))


def clear(connection: duckdb.DuckDBPyConnection, relations: Iterable[Relation]) -> None:
    """Drops relations that will be built again, and takes them off the list. Call it in a transaction.

    dbt would rename each of them, put the new one in its place and drop the old one, which takes longer and
    needs the room of both.
    """
    kinds = _kinds(connection)
    is_listed = bool(read(connection).relations)
    for schema, name in relations:
        if is_listed:
            connection.execute(
                f"DELETE FROM {SCHEMA}.built WHERE schema_name = ? AND name = ?", [schema, name]
            )
        if kind := kinds.get((schema, name)):
            connection.execute(f"DROP {kind} {sql.name(schema)}.{sql.name(name)}")


def require_parents(
    connection: duckdb.DuckDBPyConnection,
    parents: Mapping[Relation, AbstractSet[Relation]],
    selected: AbstractSet[Relation],
) -> None:
    """Refuses a build that reads what the warehouse does not hold and the build does not make.

    Args:
        connection: to the warehouse.
        parents: of each relation, what it reads.
        selected: what the build makes.

    Raises:
        RunError: a parent is missing; the message names it and the way out.
    """
    needed = set().union(*(parents[relation] for relation in selected)) - selected
    missing = sorted(f"{schema}.{name}" for schema, name in needed - _kinds(connection).keys())
    if missing:
        raise RunError(
            f"Nothing was built: the selected tables read {_first(missing)}, which the warehouse does not "
            f"hold. {_WAY_OUT}"
        )


def record(
    connection: duckdb.DuckDBPyConnection,
    parents: Mapping[Relation, AbstractSet[Relation]],
    materialized: Iterable[Relation],
) -> None:
    """Lists relations whose parents are all listed; raw tables and views always are.

    Args:
        connection: to the warehouse, for writing.
        parents: of each relation, what it reads.
        materialized: what was built and tested without a failure, parents first.
    """
    found = read(connection)
    if not found.inputs:
        return
    listed = set(found.relations)
    for relation in materialized:
        if all(schema.startswith("raw_") or (schema, name) in listed for schema, name in parents[relation]):
            listed.add(relation)
    for schema, name in sorted(listed - found.relations):
        connection.execute(f"INSERT INTO {SCHEMA}.built VALUES (?, ?)", [schema, name])


def require(present: Built, relations: list[Relation]) -> None:
    """Refuses to publish tables that were not built from the raw zone as it is now.

    Raises:
        RunError: some were not; the message names them and the way out.
    """
    missing = sorted(f"{schema}.{name}" for schema, name in set(relations) - present.relations)
    if missing:
        raise RunError(
            f"Nothing was published: {len(missing)} of {len(relations)} tables were not built from the raw "
            f"zone as it stands ({_first(missing)}). {_WAY_OUT}"
        )


def _kinds(connection: duckdb.DuckDBPyConnection) -> dict[Relation, str]:
    """Every relation of the warehouse: `TABLE` or `VIEW`."""
    found = connection.execute("SELECT table_schema, table_name, table_type FROM information_schema.tables")
    return {(schema, name): "VIEW" if kind == "VIEW" else "TABLE" for schema, name, kind in found.fetchall()}


def _first(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
