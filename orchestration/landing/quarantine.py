"""Quarantine: what could not land, with its place and reason, and never more of its value than the shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.base import engine, sql
from orchestration.base.engine import Limits
from orchestration.landing.plan.fault_sql import WHOLE_RECORD
from orchestration.landing.plan.mapping import Compiled
from orchestration.landing.read.relations import Damage, FileRelation
from orchestration.sources import raw_tables

TOLERATED_SHARE = 0.05
"""A few odd rows are the quarantine's business; beyond this share the mapping or the export is at fault."""
_OWN = ("entity", "line", "column_name", "reason", "masked_value")


@dataclass(frozen=True)
class Reason:
    """Rows of one delivery that are in quarantine for one reason; the first of them is the example."""

    problem: str
    n_rows: int
    line: int
    masked_value: str


def sentence(entity: str, column: str, reason: str) -> str:
    """What is wrong, as one would say it: `cases.opened_at cannot be read as a date and time`."""
    if column in ("", WHOLE_RECORD):
        return f"{entity}: {reason}"
    if "expression" in reason:
        return f"{entity}.{column} cannot be computed: {reason}"
    predicate = reason if reason.startswith("cannot") else f"is {reason.removeprefix('required value is ')}"
    return f"{entity}.{column} {predicate}"


def reasons(paths: Sequence[Path], limits: Limits = engine.SMALL) -> dict[str, list[Reason]]:
    """Why rows of each delivery are in these files of faults, the most frequent reason first."""
    found: dict[str, list[Reason]] = {}
    if not paths:
        return found
    query = (
        "SELECT _delivery_id, entity, column_name, reason, count(*) AS n, min(line), "
        "arg_min(masked_value, line) "
        f"FROM read_parquet({sql.paths(paths)}, hive_partitioning=false) WHERE line IS NOT NULL "
        "GROUP BY ALL ORDER BY n DESC, entity, column_name, reason"
    )
    with engine.connect(limits=limits) as connection:
        rows = connection.execute(query).fetchall()
    for delivery, entity, column, reason, n, line, masked in rows:
        summary = Reason(sentence(entity, column, reason), n, line, masked)
        found.setdefault(delivery, []).append(summary)
    return found


def refuse(connection: duckdb.DuckDBPyConnection, deliveries: Sequence[str], label: str, reason: str) -> None:
    """Notes that whole files cannot be read; `label` names the tables that they would have fed."""
    _start(connection)
    connection.execute(
        "INSERT INTO faults SELECT unnest(?), ?, NULL, '', ?, ''", [list(deliveries), label, reason]
    )


def collect(
    connection: duckdb.DuckDBPyConnection,
    relation: FileRelation,
    faulty: Sequence[tuple[str, Compiled]],
    n_records: Mapping[str, int],
    label: str,
) -> None:
    """Notes the place of every fault; in the engine, because a file can be all faults.

    `faulty` are the tables with bad rows; `n_records` counts the records of each delivery, in the order in
    which their files are read.
    """
    _start(connection)
    if relation.damage:
        connection.register("damage", _damage_table(relation.damage))
        connection.execute(
            "INSERT INTO faults SELECT ?, ?, line, '', reason, '' FROM damage", [next(iter(n_records)), label]
        )
    if relation.record_lines is not None:
        lines = np.asarray(relation.record_lines)
        connection.register("lines", pa.table({"record": np.arange(1, len(lines) + 1), "line": lines}))
    # Records are counted through all files, in the order in which these are read.
    before = np.cumsum([0, *n_records.values()])[:-1]
    connection.register("files_before", pa.table({"_delivery_id": list(n_records), "n_before": before}))
    for table, query in faulty:
        found = f"({query.faults}) AS f(_delivery_id, record, column_name, reason, masked_value)"
        line, joined = f"f.record - n_before + {relation.n_header_lines}", ""
        if relation.record_lines is not None:
            line, joined = "lines.line", " JOIN lines USING (record)"
        connection.execute(
            f"INSERT INTO faults SELECT f._delivery_id, ?, {line}, column_name, reason, "
            f"coalesce(masked_value, '') FROM {found} JOIN files_before USING (_delivery_id){joined}",
            [table],
        )


def write(
    connection: duckdb.DuckDBPyConnection,
    target: Path,
    source_instance: str,
    files: Mapping[str, str],
    options: str,
) -> None:
    """Writes what was noted as a Parquet file; `files` names the file of each delivery."""
    delivered = pa.table({"_delivery_id": list(files), "source_file": list(files.values())})
    connection.register("delivered_files", delivered)
    listed = ", ".join(
        f"{sql.text(source_instance)} AS source_instance" if c == "source_instance" else sql.name(c)
        for c in raw_tables.QUARANTINE_COLUMNS
    )
    connection.execute(
        f"COPY (SELECT {listed} FROM faults JOIN delivered_files USING (_delivery_id) "
        f"ORDER BY source_file, line, entity, column_name) TO {sql.text(str(target))} ({options})"
    )
    connection.execute("DROP TABLE faults")


def _start(connection: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(f"{sql.name(c)} {raw_tables.QUARANTINE_COLUMNS[c]}" for c in _OWN)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE faults (_delivery_id VARCHAR, {columns})")


def _damage_table(damage: list[Damage]) -> pa.Table:
    return pa.table(
        {
            "line": pa.array([one.line for one in damage], pa.int64()),
            "reason": pa.array([one.reason for one in damage], pa.string()),
        }
    )
