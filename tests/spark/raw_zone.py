"""The raw zone of a home as Spark reads it: the Parquet files of landing, with no copy of their rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from expectations.judge import RESULT_TYPES
from orchestration.base import engine, sql
from orchestration.landing.manifest import Manifest
from orchestration.landing.views import Parts, keeps_first, live_parts
from orchestration.settings import Home
from orchestration.sources import raw_tables
from orchestration.sources.connectors import bundle
from orchestration.sources.source_files import Source

_PARTS = "raw_parts"
_TYPES = {"VARCHAR": "string", "VARCHAR[]": "array<string>"}


def expose(
    spark: SparkSession, home: Home, sources: Iterable[Source], as_of: datetime | None, scratch: Path
) -> None:
    """Creates every raw table, and every system table of the warehouse, as `views.expose` does for DuckDB."""
    sources = list(sources)
    parts = live_parts(Manifest(home.state), sources, home.raw)
    for schema in sorted({_PARTS, *(table.schema for table in bundle.all_tables())}):
        spark.sql(f"create schema {schema}")
    moment = f"timestamp '{as_of}'" if as_of else "cast(null as timestamp)"
    for table in bundle.all_tables():
        found = parts.get(table.full_name, Parts())
        stored = f"{_PARTS}.{table.schema}_{table.name}"
        (folder,) = {path.parent for path in found.paths} or {scratch / table.schema / table.name}
        external_table(spark, stored, table.landed, folder)
        further = f"{moment} as {raw_tables.AS_OF}"
        if raw_tables.may_keep_first(table):
            further += f", {keeps_first(table, sources)} as {raw_tables.KEEPS_FIRST}"
        counts = (
            f"_metadata.file_name in ({_texts(path.name for path in found.paths)}) "
            f"and _delivery_id not in ({_texts(sorted(found.retired))})"
        )
        spark.sql(
            f"create view {table.schema}.`{table.name}` as select *, {further} from {stored} where {counts}"
        )
    _copy_system_tables(spark, home.warehouse, scratch)


def external_table(spark: SparkSession, name: str, columns: Mapping[str, str], folder: Path) -> None:
    """A table over all Parquet files of a folder; a column that a file lacks is NULL there."""
    folder.mkdir(parents=True, exist_ok=True)
    declared = ", ".join(f"`{column}` {_TYPES.get(type_, type_)}" for column, type_ in columns.items())
    spark.sql(f"create table {name} ({declared}) using parquet location '{folder}'")


def write_results(spark: SparkSession, results: pa.Table | None, scratch: Path) -> None:
    """The judged blind spots as the table that dbt reads; empty before anything is judged."""
    folder = scratch / "judged"
    folder.mkdir(parents=True, exist_ok=True)
    if results is not None:
        pq.write_table(results, folder / "results.parquet")
    spark.sql("create schema if not exists judged")
    spark.sql("drop table if exists judged.blind_spot_results")
    external_table(spark, "judged.blind_spot_results", RESULT_TYPES, folder)


def _copy_system_tables(spark: SparkSession, warehouse: Path, scratch: Path) -> None:
    """What landing says about deliveries is in its manifest; the warehouse has it as tables already."""
    schema = raw_tables.SYSTEM_SCHEMA
    tables = {**raw_tables.SYSTEM_TABLES, "quarantine": raw_tables.QUARANTINE_COLUMNS}
    spark.sql(f"create schema {schema}")
    with engine.connect(warehouse, read_only=True) as connection:
        for name, columns in tables.items():
            folder = scratch / schema / name
            folder.mkdir(parents=True)
            target = sql.text(str(folder / "rows.parquet"))
            connection.execute(f"COPY (SELECT * FROM {schema}.{name}) TO {target} (FORMAT parquet)")
            external_table(spark, f"{schema}.{name}", columns, folder)


def _texts(words: Iterable[str]) -> str:
    """A list of text literals; never empty, because SQL has no empty list."""
    return ", ".join(sql.text(word) for word in ["", *words])
