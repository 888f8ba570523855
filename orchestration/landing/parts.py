"""Writes the part of a raw table: its sound rows as Parquet, and counts of all."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.base import sql
from orchestration.landing.plan import mapping

# To see early that a column has too many values for a dictionary saves a twentieth of the time.
PARQUET = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 1024"

CountsByField = dict[str, Counter[str]]
"""Sound rows by delivery and field, where a marker column names the field."""


@dataclass(frozen=True)
class Written:
    """What was written: a file of `n_rows` sound rows, or no file where there is none.

    `rows` holds for each delivery the rows selected, and those of them that are flagged bad. By field,
    `placeholders` counts the sound rows that hold one, `personal` those with a hashed or masked value.
    """

    rows: dict[str, tuple[int, int]]
    placeholders: CountsByField
    personal: CountsByField
    n_rows: int = 0
    n_bytes: int = 0


def write(connection: duckdb.DuckDBPyConnection, select: str, target: Path, scratch: Path) -> Written:
    """Writes the sound rows of a query to `target`; `scratch` is a path for a second try without bad ones."""
    # Flags that are NULL cost nothing to write.
    flagged = f"SELECT * REPLACE (nullif(_bad, false) AS _bad) FROM ({select})"
    connection.execute(f"COPY ({flagged}) TO {sql.text(str(target))} ({PARQUET})")
    written = f"read_parquet({sql.path(target)}, hive_partitioning=false)"
    marks = (mapping.PLACEHOLDERS, mapping.PERSONAL)
    counted = ", ".join(f"count({mark})" for mark in ("_bad", *marks))
    found = connection.execute(
        f"SELECT _delivery_id, count(*), {counted} FROM {written} GROUP BY ALL"
    ).fetchall()
    placeholders, personal = (
        _by_field(connection, written, mark) if any(row[place] for row in found) else {}
        for place, mark in enumerate(marks, 3)
    )
    n_bad = sum(row[2] for row in found)
    n_sound = sum(row[1] for row in found) - n_bad
    rows = {token: (n, n_wrong) for token, n, n_wrong, *_ in found}
    if not n_sound:
        target.unlink()
        return Written(rows, placeholders, personal)
    if n_bad:
        connection.execute(
            f"COPY (SELECT * FROM {written} WHERE _bad IS NULL) TO {sql.text(str(scratch))} ({PARQUET})"
        )
        scratch.replace(target)
    return Written(rows, placeholders, personal, n_sound, target.stat().st_size)


def _by_field(connection: duckdb.DuckDBPyConnection, written: str, mark: str) -> CountsByField:
    """How many sound rows of each delivery a marker column names each field in."""
    rows = connection.execute(
        f"SELECT _delivery_id, {mark}, count(*) FROM {written} "
        f"WHERE _bad IS NULL AND {mark} IS NOT NULL GROUP BY ALL"
    )
    found: CountsByField = {}
    for token, names, n in rows.fetchall():
        found.setdefault(token, Counter()).update(dict.fromkeys(names.split(","), n))
    return found
