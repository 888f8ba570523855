"""The step that judges: what it says of small deliveries, and from what its verdicts count as built."""

from datetime import date
from pathlib import Path

import pandas as pd

from expectations import judge
from orchestration.defs import blind_spots
from orchestration.extract import raw_zone
from orchestration.publish import built
from orchestration.settings import Settings
from orchestration.workspace import Workspace

DAY = date(2025, 2, 17)


def test_small_deliveries_of_one_source_and_day_share_a_sentence() -> None:
    rows = [("crm", "cases", DAY, 1, 1000.0), ("crm", "notes", DAY, 20, 90.0), ("tel", "calls", DAY, 4, 50.0)]
    assert list(blind_spots._small_deliveries(rows)) == [
        "crm/cases delivered 1 row on 2025-02-17, where 1,000 are usual, and 1 more file set likewise. "
        "They landed, and count as BS04.",
        "tel/calls delivered 4 rows on 2025-02-17, where 50 are usual. They landed, and count as BS04.",
    ]


def test_verdicts_on_coverage_that_was_not_built_whole_do_not_count(tmp_path: Path) -> None:
    """Without it, verdicts of a half-built coverage keep the place of the sound ones they replace."""
    workspace = Workspace()
    workspace.__dict__["settings"] = Settings(home=tmp_path)
    home = workspace.home.create()
    raw_zone.expose(home.warehouse, home, [], None, inputs="first")
    parents = {relation: set() for relation in blind_spots._READ}
    with workspace.connect() as connection:
        built.note(connection, parents, parents)
    results = pd.DataFrame(columns=list(judge.RESULT_COLUMNS))
    blind_spots._write(workspace, results)
    with workspace.connect() as connection:
        assert blind_spots._JUDGED in built.read(connection).relations
        built.forget(connection, [("coverage", "cov_scopes")])
    blind_spots._write(workspace, results)
    with workspace.connect() as connection:
        assert blind_spots._JUDGED not in built.read(connection).relations
