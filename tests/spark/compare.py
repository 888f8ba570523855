"""Rows of one relation on Spark and on DuckDB, compared as sets of rows with a tolerance for doubles."""

from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.base import sql

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""How far two doubles may lie apart: engines add in different orders."""
_DOUBLE = "DOUBLE"


def differences(found: pa.Table, warehouse: Path, relation: str) -> list[str]:
    """What differs between rows and the relation of a warehouse, as sentences; none if they are equal.

    Compares the names and order of columns, the number of rows, and the values of each column. Values are
    compared as the type of the column in the warehouse.
    """
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {sql.text(str(warehouse))} AS built (READ_ONLY)")
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("found", found)
        types = dict(
            connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE built.{relation})").fetchall()
        )
        if list(types) != found.column_names:
            return [f"{relation}: columns {list(types)} in the warehouse, {found.column_names} found"]
        for name, origin in (("expected", f"built.{relation}"), ("actual", "found")):
            connection.execute(f"CREATE TABLE {name} AS {_numbered(types, origin)}")
        n_expected, n_actual = (
            connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
            for name in ("expected", "actual")
        )
        if n_expected != n_actual:
            return [f"{relation}: {n_expected} rows in the warehouse, {n_actual} found"]
        unequal = ", ".join(f"count(*) FILTER (WHERE NOT {_is_equal(*column)})" for column in types.items())
        counts = connection.execute(
            f"SELECT {unequal} FROM expected AS e JOIN actual AS a USING (row_number)"
        ).fetchall()[0]
        return [
            f"{relation}.{column}: {n} of {n_expected} values differ"
            for column, n in zip(types, counts, strict=True)
            if n
        ]


def _numbered(types: dict[str, str], origin: str) -> str:
    """SQL of rows numbered by their content: doubles come last, rounded, because they may differ a little."""
    cast = ", ".join(f"CAST({sql.name(c)} AS {t}) AS {sql.name(c)}" for c, t in types.items())
    exact = [f"CAST({sql.name(c)} AS VARCHAR)" for c, t in types.items() if t != _DOUBLE]
    doubles = [f"round({sql.name(c)}, 6)" for c, t in types.items() if t == _DOUBLE]
    order = ", ".join([*exact, *doubles])
    return f"SELECT *, row_number() OVER (ORDER BY {order}) AS row_number FROM (SELECT {cast} FROM {origin})"


def _is_equal(column: str, type_: str) -> str:
    expected, actual = f"e.{sql.name(column)}", f"a.{sql.name(column)}"
    is_same = f"{expected} IS NOT DISTINCT FROM {actual}"
    if type_ != _DOUBLE:
        return f"({is_same})"
    allowed = f"{ABSOLUTE} + {RELATIVE} * greatest(abs({expected}), abs({actual}))"
    return f"({is_same} OR coalesce(abs({expected} - {actual}) <= {allowed}, false))"
