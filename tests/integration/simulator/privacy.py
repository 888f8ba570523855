"""What must be nowhere that people or tools look."""

import duckdb

from seeds.simulator.centre.world import CANARIES
from tests.integration.conftest import Run


def check_no_canary_leaves_the_raw_zone(line: Run) -> None:
    """Names, numbers, addresses and texts of the exports stand in no publication, quarantine, log or report."""
    marks = [canary.encode() for canary in CANARIES]
    looked = 0
    for folder in ("publications", "quarantine", "logs", "gx", "state"):
        for file in (line.home / folder).rglob("*"):
            if file.is_file():
                looked += 1
                content = file.read_bytes()
                assert [mark for mark in marks if mark in content] == [], file
    assert looked > 50
    with duckdb.connect(str(line.marts), read_only=True) as connection:  # its pages are compressed
        for (table,) in connection.execute("SHOW TABLES").fetchall():
            for row in connection.execute(f'SELECT CAST(t AS VARCHAR) FROM "{table}" AS t').fetchall():
                assert not any(canary in row[0] for canary in CANARIES), table
