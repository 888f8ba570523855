"""Tables that Python makes: whole or not at all, with the declared types, and true to what they were made from."""

from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from orchestration.defs.python_table import Made, python_table, write
from orchestration.landing import views
from orchestration.publish import built
from orchestration.runs.workspace import Workspace

SCORES, READS = ("judged", "scores"), {("marts", "cases")}
COLUMNS = {"case_id": "VARCHAR", "score": "DOUBLE"}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("FAULTLINE_HOME", str(tmp_path))
    workspace = Workspace()
    home = workspace.home.create()
    views.expose(home.warehouse, home, [], None, inputs="first")
    with workspace.connect() as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.cases AS SELECT 'C1' AS case_id")
        built.record(connection, {("marts", "cases"): set()}, READS)
    return workspace


def test_rows_are_written_with_the_declared_types_and_reported(workspace: Workspace) -> None:
    """Without it, a column of whole numbers or of nothing but NULL would take another type than dbt reads."""

    @python_table(SCORES, reads=READS, columns=COLUMNS)
    def scores(_context: object, connection: duckdb.DuckDBPyConnection, _workspace: object) -> Made:
        return Made(connection.execute("SELECT 1 AS score, case_id FROM marts.cases").df(), {"n_cases": 1})

    result = dg.materialize([scores], resources={"workspace": workspace})
    (materialization,) = result.asset_materializations_for_node("judged__scores")
    assert {name: value.value for name, value in materialization.metadata.items()} == {
        "dagster/row_count": 1,
        "n_cases": 1,
    }
    assert scores.asset_deps[dg.AssetKey(SCORES)] == {dg.AssetKey(["marts", "cases"])}
    with workspace.connect(read_only=True) as connection:
        assert SCORES in built.read(connection).relations
        table = connection.execute("SELECT * FROM judged.scores")
        assert [(name, str(kind)) for name, kind, *_ in table.description] == [
            ("case_id", "VARCHAR"),
            ("score", "DOUBLE"),
        ]
        assert table.fetchall() == [("C1", 1.0)]


def test_rows_that_do_not_fit_leave_the_table_as_it_was(workspace: Workspace) -> None:
    with workspace.connect() as connection:
        write(connection, SCORES, pd.DataFrame({"case_id": ["C1"], "score": [0.5]}), COLUMNS, READS)
    with workspace.connect() as connection, pytest.raises(duckdb.ConversionException):
        write(connection, SCORES, pd.DataFrame({"case_id": ["C1"], "score": ["high"]}), COLUMNS, READS)
    with workspace.connect(read_only=True) as connection:
        assert connection.execute("SELECT * FROM judged.scores").fetchall() == [("C1", 0.5)]
        assert SCORES in built.read(connection).relations


def test_a_table_made_from_what_was_not_built_whole_does_not_count(workspace: Workspace) -> None:
    """Without it, verdicts of a half-built coverage keep the place of the sound ones they replace."""
    frame = pd.DataFrame({"case_id": ["C1"], "score": [0.5]})
    with workspace.connect() as connection:
        write(connection, SCORES, frame, COLUMNS, READS)
        built.clear(connection, READS)
        write(connection, SCORES, frame, COLUMNS, READS)
    with workspace.connect(read_only=True) as connection:
        assert SCORES not in built.read(connection).relations
