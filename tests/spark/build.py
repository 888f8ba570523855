"""Builds the models on Spark as a run does: up to the coverage, the judgement, and what depends on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession

from expectations import judge
from orchestration.runs.dbt_project import DBT_FOLDER
from tests.spark import raw_zone

AFTER_JUDGEMENT = "source:judged+"


class Dbt:
    """dbt in this process, to which the session on the cluster belongs."""

    def __init__(self, folder: Path) -> None:
        """Lets dbt write what it compiles, and its log, below a folder."""
        self._folder = folder
        self._runner = dbtRunner()

    def __call__(self, command: str, *arguments: str) -> list[Any]:
        """The results of a command, one per node; those of nodes that failed are among them.

        Raises:
            RuntimeError: dbt could not begin.
        """
        done = self._runner.invoke(
            [
                "--quiet", "--no-write-json", command, *arguments,
                "--target", "spark", "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
                "--target-path", str(self._folder / "target"), "--log-path", str(self._folder / "logs"),
            ]
        )  # fmt: skip
        if done.result is None:
            raise RuntimeError(f"dbt {command} could not begin: {done.exception}")
        return list(done.result.results)


def build_all(spark: SparkSession, dbt: Dbt, scratch: Path) -> list[Any]:
    """Loads the registries, builds the models and judges the coverage; the results of all nodes."""
    raw_zone.write_results(spark, None, scratch)
    before = [*dbt("seed"), *dbt("run", "--exclude", AFTER_JUDGEMENT)]
    results = judge.judge(
        _frame(spark, "select * from coverage.cov_scopes"),
        _frame(spark, "select * from reference.blind_spots where is_implemented"),
        scratch / "expectations",
    )
    raw_zone.write_results(spark, pa.Table.from_pandas(results, preserve_index=False), scratch)
    return [*before, *dbt("run", "--select", AFTER_JUDGEMENT)]


def failures(results: Sequence[Any]) -> dict[str, str]:
    """Why nodes failed or were skipped, by their names."""
    return {one.node.name: str(one.message) for one in results if str(one.status) not in {"success", "pass"}}


def _frame(spark: SparkSession, query: str) -> pd.DataFrame:
    """Rows of a query; moments as objects, because those of pandas do not reach the year 9999."""
    return spark.sql(query).toArrow().to_pandas(timestamp_as_object=True, date_as_object=True)
