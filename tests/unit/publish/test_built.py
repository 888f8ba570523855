"""The warehouse itself says from which inputs each of its tables was built."""

from pathlib import Path

import duckdb
import pytest

from orchestration.base import engine
from orchestration.errors import RunError
from orchestration.landing import views
from orchestration.publish import built
from orchestration.settings import Home

CASES, JOURNEYS, MART = ("intermediate", "cases"), ("intermediate", "journeys"), ("marts", "mart_case")
PARENTS = {CASES: {("raw_mapped", "cases")}, JOURNEYS: {CASES}, MART: {CASES, JOURNEYS}}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path).create()


def _expose(home: Home, inputs: str) -> duckdb.DuckDBPyConnection:
    views.expose(home.warehouse, home, [], None, inputs=inputs)
    return engine.connect(home.warehouse)


def test_what_is_built_in_order_counts_as_built_from_the_raw_zone(home: Home) -> None:
    with _expose(home, "first") as connection:
        built.record(connection, PARENTS, [CASES, JOURNEYS, MART])
        assert built.read(connection) == built.Built("first", frozenset(PARENTS))


def test_a_mart_over_an_older_parent_does_not_count(home: Home) -> None:
    """Without it, one mart built by itself would pass older cases off as those of today."""
    with _expose(home, "first") as connection:
        built.record(connection, PARENTS, [CASES, JOURNEYS, MART])
    with _expose(home, "second") as connection:
        built.record(connection, PARENTS, [MART])
        built.record(connection, PARENTS, [CASES])
        assert built.read(connection) == built.Built("second", frozenset({CASES}))


def test_what_is_built_again_counts_only_when_it_is_whole(home: Home) -> None:
    """Without it, tables of a build that was killed would be published."""
    with _expose(home, "first") as connection:
        built.record(connection, PARENTS, [CASES, JOURNEYS, MART])
        built.clear(connection, [MART])
        assert built.read(connection).relations == {CASES, JOURNEYS}


def test_what_is_built_again_makes_room_first(home: Home) -> None:
    """Without it, dbt would keep the old table until the new one stands: twice the room, and a third of its time."""
    with _expose(home, "first") as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.mart_case AS SELECT 1 AS case_id")
        connection.execute(
            "CREATE VIEW marts.other AS SELECT 1 AS n; CREATE TABLE marts.kept AS SELECT 2 AS n"
        )
        built.clear(connection, [MART, ("marts", "other"), ("marts", "never_built")])
        left = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'marts'"
        ).fetchall()
    assert left == [("kept",)]


def test_a_raw_zone_that_fails_half_way_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, a raw zone of half new views would keep the name of its old inputs."""
    with _expose(home, "first") as connection:
        built.record(connection, PARENTS, [CASES])

    def fails(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(views, "_start_over", fails)
    with pytest.raises(OSError, match="No space"):
        _expose(home, "second")
    with engine.connect(home.warehouse) as connection:
        assert built.read(connection) == built.Built("first", frozenset({CASES}))


def test_a_warehouse_of_an_earlier_version_counts_as_not_built(home: Home) -> None:
    with engine.connect(home.warehouse) as connection:
        built.clear(connection, [MART])
        built.record(connection, PARENTS, [CASES])
        assert built.read(connection) == built.Built("", frozenset())


def test_a_publication_of_older_tables_is_refused_with_names_and_a_way_out() -> None:
    present = built.Built("second", frozenset({CASES, JOURNEYS}))
    with pytest.raises(RunError) as refusal:
        built.require(present, [CASES, MART])
    assert str(refusal.value) == (
        "Nothing was published: 1 of 2 tables were not built from the raw zone as it stands (marts.mart_case). "
        "Start the job publish_marts, or materialize all assets; both build what is missing."
    )
    built.require(present, [CASES, JOURNEYS])


def test_a_build_whose_parents_are_missing_is_refused_before_anything_is_dropped(home: Home) -> None:
    """Without it, a mart built by itself over a failed build is dropped, and cannot be built again."""
    with _expose(home, "first") as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.mart_case AS SELECT 1 AS case_id")
        with pytest.raises(
            RunError, match=r"read intermediate\.cases, intermediate\.journeys, which"
        ) as refusal:
            built.require_parents(connection, PARENTS, {MART})
        built.require_parents(connection, PARENTS, set(PARENTS))
    assert str(refusal.value).endswith("both build what is missing.")
