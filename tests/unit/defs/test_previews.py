"""What Dagster's store keeps of tables holds no exported rows and no ids of staff."""

import duckdb
import pytest
import yaml

from orchestration.defs.previews import STAFF, preview
from orchestration.sources import contract
from tests.conftest import PROJECT


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    one = duckdb.connect()
    for schema in ("raw_mapped", "staging", "intermediate", "marts"):
        one.execute(f"CREATE SCHEMA {schema}")
        one.execute(f"CREATE TABLE {schema}.t AS SELECT 'C|1' AS case_id, 'jdoe' AS owner_id, 3 AS n")
    return one


@pytest.mark.parametrize("schema", ["raw_mapped", "staging", "intermediate"])
def test_exported_rows_are_counted_and_not_shown(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Without it, rows of customers would lie in Dagster's store."""
    assert preview(connection, schema, "t") == {"dagster/row_count": 1}


def test_rows_of_marts_are_shown_without_staff(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("INSERT INTO marts.t VALUES ('C2', NULL, 4)")
    shown = preview(connection, "marts", "t")
    assert shown["dagster/row_count"] == 2
    assert shown["preview"].value == (
        "| case_id | owner_id | n |\n| --- | --- | --- |\n| C&#124;1 | (not shown) | 3 |\n| C2 |  | 4 |"
    )


def test_every_staff_column_of_the_contract_is_hidden_in_marts() -> None:
    """Without it, a new mart could show logins of agents in the UI."""
    staff = {
        name
        for entity in contract.entities().values()
        for name, column in entity.columns.items()
        if column.pii in ("staff", "change")
    }
    files = (PROJECT / "dbt_project" / "models" / "marts").rglob("_models.yml")
    models = [m for file in files for m in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]]
    columns = {column["name"] for model in models for column in model["columns"]}
    assert {"agent_id", "owner_id"} <= staff & columns <= STAFF
