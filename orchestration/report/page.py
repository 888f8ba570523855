"""Renders the page that a person opens first: the map, the blind spots and the health of sources."""

import functools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import vl_convert
from altair import SCHEMA_VERSION

from orchestration.base import engine
from orchestration.base.engine import Limits
from orchestration.report import charts, facts, shell
from orchestration.report.cell import Cell
from orchestration.report.facts import GRADES, Row
from orchestration.report.shell import count, percent

_TABLE_ROWS = 12
_OPEN_STATUSES = ("blind", "errored", "warn")
_STATE_WORDS = {
    "unranked": "Rate shown",
    "unstable": "Unstable",
    "suppressed": "Suppressed",
    "blind": "Blind",
}


def render(marts: Path, target: Path, limits: Limits = engine.SMALL) -> None:
    """Writes the page for a published marts file.

    A missing or empty mart is said in words on the page.

    Args:
        marts: the published DuckDB file, tables in schema main; opened read-only.
        target: the HTML file to write, two folders below the root of the publication's links
            (`../marts.duckdb`, `../parquet/`, `../docs/` if it is there); its folder must exist.
        limits: memory and threads of the queries.

    Raises:
        duckdb.Error: the marts file is missing or unreadable.
        OSError: the target cannot be written.
    """
    with facts.opened(marts, limits) as connection:
        cells = facts.heatmap_cells(connection)
        names = facts.blind_spot_names(connection)
        metrics = facts.metrics(connection)
        centres = facts.centres(connection)
        spots = facts.blind_spots(connection)
        health = facts.source_health(connection)
    heatmap = None if cells is None else charts.payload(cells, metrics, names)
    default = _default_view(heatmap) if heatmap and heatmap["maps"] else None
    html = shell.html(
        "index.html.j2",
        data=_script_data(heatmap) if default else {},
        scripts=[_library(), (shell.TEMPLATES / "page.js").read_text(encoding="utf-8")] if default else [],
        values={
            "centres": centres,
            "grades": GRADES,
            "heatmap": heatmap,
            "default": default,
            "spots": spots,
            "open_spots": [row for row in spots or [] if row["status"] in _OPEN_STATUSES],
            "other_spots": [row for row in spots or [] if row["status"] not in _OPEN_STATUSES],
            "status_counts": Counter(row["status"] for row in spots or []),
            "metric_labels": {key: row["label"] for key, row in metrics.items() if row["label"]},
            "health": health,
            "has_documentation": (target.parents[1] / "docs" / "index.html").is_file(),
        },
    )
    target.write_text(html, encoding="utf-8")


def _script_data(heatmap: charts.Payload | None) -> dict[str, object]:
    """What the page's script reads, by the id of its element."""
    return {
        "heatmap-data": heatmap,
        "heatmap-spec": charts.heatmap_spec(),
        "words": {"states": _STATE_WORDS, "table_rows": _TABLE_ROWS},
    }


@functools.cache
def _library() -> str:
    """The chart library in the version Altair writes for; bundling it takes over a second."""
    version = ".".join(SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", version)


def _default_view(heatmap: charts.Payload) -> Row:
    """The map shown first, as table rows, so that the page reads without its script."""
    key = min(heatmap["maps"], key=_selection_order)
    centre, metric, pair, window = map(int, key.split("|"))
    shown = heatmap["maps"][key]
    rated = [cell for cell in shown["cells"] if cell.state not in ("blind", "suppressed")]
    unseen = [cell for cell in shown["cells"] if cell.state == "blind"]
    return {
        "centre": heatmap["centres"][centre],
        "metric": heatmap["metrics"][metric],
        "pair": heatmap["pairs"][pair],
        "window": heatmap["centres"][centre]["windows"][window],
        "positions": [centre, metric, pair, window],
        "rated": _table(rated[:_TABLE_ROWS], shown, heatmap),
        "unseen": _table(unseen[:_TABLE_ROWS], shown, heatmap),
        "n_unseen": len(unseen),
    }


def _selection_order(key: str) -> tuple[int, ...]:
    centre, metric, pair, window = map(int, key.split("|"))
    return (centre, window, metric, pair)


def _table(cells: Sequence[Cell], shown: charts.Payload, heatmap: charts.Payload) -> list[list[str]]:
    """Texts of the cell tables, in the order of their columns."""
    texts = heatmap["texts"]
    return [
        [
            texts[shown["rows"][cell.row]],
            texts[shown["columns"][cell.column]],
            "cannot be known" if cell.state == "blind" else percent(cell.rate),
            _bounds(cell.rate_low, cell.rate_high),
            f"{count(cell.n_observed)} of {count(cell.n_exposed)}",
            percent(cell.undecidable_share),
            f"{cell.grade} ({percent(cell.data_confidence)})",
            _STATE_WORDS.get(cell.state, cell.state),
            _blind_spot(cell.top_blind_spot_id, heatmap),
        ]
        for cell in cells
    ]


def _blind_spot(key: str | None, heatmap: charts.Payload) -> str:
    if key is None:
        return "none"
    name = heatmap["blind_spots"].get(key)
    return f"{key} {name}" if name else key


def _bounds(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "cannot be known"
    return f"{percent(low)} to {percent(high)}"
