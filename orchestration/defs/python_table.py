"""Tables that Python makes from tables of dbt, for what SQL cannot say: judgements, statistics, scores."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from orchestration.base import engine, sql
from orchestration.publish import built
from orchestration.runs.workspace import Workspace


@dataclass(frozen=True)
class Made:
    """What a function makes of the tables that it reads.

    `frame` holds the rows of its table, with the columns that the table declares. `metadata` and `checks` go
    to Dagster beside them.
    """

    frame: pd.DataFrame
    metadata: Mapping[str, Any] = field(default_factory=dict)
    checks: Sequence[dg.AssetCheckResult] = ()


Maker = Callable[[dg.AssetExecutionContext, duckdb.DuckDBPyConnection, Workspace], Made]


def python_table(
    relation: built.Relation,
    *,
    reads: AbstractSet[built.Relation],
    columns: Mapping[str, str],
    **options: Any,
) -> Callable[[Maker], dg.AssetsDefinition]:
    """Turns a function into the asset of a table: it reads the warehouse, and its rows are written.

    Args:
        relation: schema and name of the table.
        reads: the tables that the function reads; each is an asset of the same name.
        columns: DuckDB type of each column of the table, in their order.
        options: what else `dagster.asset` takes, e.g. `owners`, `check_specs`.
    """

    def decorate(make: Maker) -> dg.AssetsDefinition:
        def step(context: dg.AssetExecutionContext, workspace: Workspace) -> Iterator[Any]:
            with workspace.connect(read_only=True) as connection:
                made = make(context, connection, workspace)
            with workspace.connect() as connection:
                write(connection, relation, made.frame, columns, reads)
            yield dg.MaterializeResult(metadata={"dagster/row_count": len(made.frame), **made.metadata})
            yield from made.checks

        deps = [dg.AssetKey(one) for one in sorted(reads)]
        asset: dg.AssetsDefinition = dg.asset(key=dg.AssetKey(relation), deps=deps, **options)(step)
        return asset

    return decorate


def write(
    connection: duckdb.DuckDBPyConnection,
    relation: built.Relation,
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    reads: AbstractSet[built.Relation],
) -> None:
    """Puts the rows in the place of the table, in one transaction, and records what it was made from."""
    schema, name = map(sql.name, relation)
    typed = ", ".join(
        f"CAST({sql.name(one)} AS {type_}) AS {sql.name(one)}" for one, type_ in columns.items()
    )
    connection.register("made", frame)
    with engine.transaction(connection):
        built.clear(connection, [relation])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(f"CREATE TABLE {schema}.{name} AS SELECT {typed} FROM made")
        built.record(connection, {relation: reads}, [relation])
