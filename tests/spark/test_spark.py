"""All models on a Spark cluster: they build, hold what DuckDB holds, and pass their unit tests.

FAULTLINE_SPARK=1 asks for it (`make spark-test`): it takes minutes, Java and the packages of the extra `spark`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import PROJECT
from tests.structure.reading import unit_tests

if os.environ.get("FAULTLINE_SPARK") != "1":
    pytest.skip("FAULTLINE_SPARK=1 builds all models on Spark", allow_module_level=True)

from pyspark.sql import SparkSession

from tests.spark import centres, cluster, raw_zone
from tests.spark.build import Dbt, build_all, failures
from tests.spark.compare import differences

MODELS = PROJECT / "dbt_project" / "models"
MARTS = sorted(path.stem for path in (MODELS / "marts").rglob("*.sql"))
EMPTY = {"mart_unknown_word"}  # the simulated centres use the words of the contract


@dataclass(frozen=True)
class Built:
    """One home that both engines have built: its warehouse, and Spark's session, dbt and results."""

    warehouse: Path
    spark: SparkSession
    dbt: Dbt
    results: list[Any]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    place = tmp_path_factory.mktemp("spark")
    home, sources = centres.build(place / "centres")
    with cluster.session(place / "cluster") as spark:
        raw_zone.expose(spark, home, sources, None, place / "scratch")
        dbt = Dbt(place / "dbt")
        yield Built(home.warehouse, spark, dbt, build_all(spark, dbt, place / "scratch"))


@pytest.fixture(scope="module")
def unit_test_results(built: Built) -> dict[str, Any]:
    """What dbt says of each unit test, by model and name."""
    results = built.dbt("test", "--select", "test_type:unit")
    return {one.node.unique_id.split(".", 2)[2]: one for one in results}


def test_every_model_is_built(built: Built) -> None:
    assert failures(built.results) == {}


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_holds_what_it_holds_on_duckdb(built: Built, mart: str) -> None:
    found = built.spark.table(f"marts.{mart}").toArrow()
    assert found.num_rows > 0 or mart in EMPTY, "nothing to compare"
    assert differences(found, built.warehouse, f"marts.{mart}") == []


def test_tables_below_the_marts_hold_what_they_hold_on_duckdb(built: Built) -> None:
    """The first table that differs says where a mart went wrong."""
    query = (
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_type = 'BASE TABLE' AND table_schema IN "
        "('reference', 'intermediate', 'coverage', 'metrics', 'judged')"
    )
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        relations = sorted(row[0] for row in connection.execute(query).fetchall())
    assert len(relations) > 80
    found = [
        d for one in relations for d in differences(built.spark.table(one).toArrow(), built.warehouse, one)
    ]
    assert found == []


@pytest.mark.parametrize("test", unit_tests(), ids=lambda test: test)
def test_unit_test(unit_test_results: dict[str, Any], test: str) -> None:
    assert str(unit_test_results[test].status) == "pass", unit_test_results[test].message
