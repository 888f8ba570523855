"""One cell of a map, with names: what the page's tables, its script and the tests read."""

from typing import NamedTuple


class Cell(NamedTuple):
    """A cell as the page holds it: a list in JSON, whose names the payload gives once in `cell_fields`.

    `column` and `row` are positions in the axes of its map; the other fields are columns of
    `mart_escalation_heatmap`, shares rounded to four digits.
    """

    column: int
    row: int
    n_observed: int | None
    n_exposed: int | None
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    undecidable_share: float | None
    data_confidence: float | None
    grade: str
    state: str
    top_blind_spot_id: str | None
    suppress_reason: str | None
    is_missing_volume_estimated: bool | None
