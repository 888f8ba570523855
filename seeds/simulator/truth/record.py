"""Writes the truth of a simulation as Parquet."""

from pathlib import Path

import duckdb
from seeds.simulator.faults import Planted
from seeds.simulator.truth.conditions import CONDITIONS

Blind = tuple[str, str, float, float, float]
"""A planted blind spot: id, scope, first and last moment (epoch seconds), share."""


def build(
    connection: duckdb.DuckDBPyConnection,
    faults: list[Planted],
    escalated: dict[int, int],
    counterfactual: dict[str, dict[int, int]],
) -> None:
    """Creates the truth tables in the connection, from the event tables as they happened.

    `truth_condition` (source_kind, source_key, break_id), `truth_fault`, `truth_issue` (issue_id,
    source_kind, source_key), `truth_effect` (issue_id, fault_id, touched, causal). Causal: the issue
    escalated, and did not with the fault off. A merged case's conditions are those of its survivor; merged
    and deleted cases have no rows.
    """
    parts = " UNION ALL ".join(
        f"SELECT DISTINCT kind AS source_kind, key AS source_key, '{break_id}' AS break_id FROM ({condition})"
        for break_id, condition in CONDITIONS.items()
    )
    connection.execute(
        "CREATE OR REPLACE TABLE truth_condition AS "
        "SELECT DISTINCT p.source_kind, coalesce(d.merged_into, p.source_key) AS source_key, p.break_id "
        f"FROM ({parts}) AS p "
        "LEFT JOIN cases AS d ON p.source_kind = 'case' AND d.case_id = p.source_key "
        "WHERE d.is_deleted IS NOT TRUE ORDER BY ALL"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE truth_issue AS "
        "SELECT issue_id, 'contact' AS source_kind, contact_id AS source_key FROM contacts "
        "UNION ALL SELECT issue_id, 'case', case_id FROM cases WHERE removed_at IS NULL ORDER BY ALL"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE truth_fault (fault_id VARCHAR, break_id VARCHAR, scope VARCHAR, "
        'start TIMESTAMP, "end" TIMESTAMP, intensity VARCHAR, share DOUBLE, risk_ratio DOUBLE)'
    )
    connection.execute(
        "CREATE OR REPLACE TABLE truth_effect "
        "(issue_id BIGINT, fault_id VARCHAR, touched BOOLEAN, causal BOOLEAN)"
    )
    for fault in faults:
        connection.execute(
            "INSERT INTO truth_fault VALUES (?, ?, ?, make_timestamp(?), make_timestamp(?), ?, ?, ?)",
            [
                fault.fault_id, fault.break_id, fault.scope, int(fault.start * 1e6), int(fault.end * 1e6),
                fault.intensity, fault.share, fault.ratio,
            ],
        )  # fmt: skip
        causal = sorted(set(escalated) - set(counterfactual.get(fault.fault_id, escalated)))
        connection.execute(
            "INSERT INTO truth_effect "
            "SELECT issue_id, ?, bool_or(touched), bool_or(causal) FROM ("
            "  SELECT DISTINCT issue_id, true AS touched, false AS causal FROM touches WHERE fault_id = ?"
            "  UNION ALL SELECT unnest(?::BIGINT[]), false, true"
            ") GROUP BY issue_id ORDER BY issue_id",
            [fault.fault_id, fault.fault_id, causal],
        )


def note_blind(connection: duckdb.DuckDBPyConnection, blind: list[Blind]) -> None:
    """Creates `truth_blind` (blind_id, scope, start, end, share) from the damage that was done."""
    connection.execute(
        "CREATE OR REPLACE TABLE truth_blind "
        '(blind_id VARCHAR, scope VARCHAR, start TIMESTAMP, "end" TIMESTAMP, share DOUBLE)'
    )
    for blind_id, scope, start, end, share in blind:
        connection.execute(
            "INSERT INTO truth_blind VALUES (?, ?, make_timestamp(?), make_timestamp(?), ?)",
            [blind_id, scope, int(start * 1e6), int(end * 1e6), share],
        )


def write(connection: duckdb.DuckDBPyConnection, folder: Path, tables: list[str]) -> None:
    """Writes tables of the connection as Parquet files, in a stable order of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        target = str(folder / f"{table}.parquet").replace("'", "''")
        connection.execute(f"COPY (SELECT * FROM \"{table}\" ORDER BY ALL) TO '{target}' (FORMAT parquet)")
