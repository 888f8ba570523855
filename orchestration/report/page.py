"""Renders the page: one HTML file that opens from disk and never asks the network for anything."""

import base64
import datetime
import functools
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import jinja2
import vl_convert
from altair import SCHEMA_VERSION
from markupsafe import Markup

from orchestration.base import engine
from orchestration.base.engine import Limits
from orchestration.report import charts, facts
from orchestration.report.cell import Cell
from orchestration.report.facts import GRADES, Row, readable

_TEMPLATES = Path(__file__).parent / "templates"
_TABLE_ROWS = 12
_OPEN_STATUSES = ("blind", "errored", "warn")
_STATUS_WORDS = {
    "blind": "Blind",
    "errored": "Errored",
    "warn": "Warning",
    "ok": "OK",
    "not_applicable": "Not applicable",
    "not_assessed": "Not assessed",
}
_STATE_WORDS = {
    "unranked": "Rate shown",
    "unstable": "Unstable",
    "suppressed": "Suppressed",
    "blind": "Blind",
}
# What would end a script early, and what old parsers read as a line end inside a string.
_SCRIPT_ESCAPES = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


def render(marts: Path, target: Path, limits: Limits = engine.SMALL) -> None:
    """Writes the page for a published marts file.

    A missing or empty mart is said in words on the page.

    Args:
        marts: the published DuckDB file, tables in schema main; opened read-only.
        target: the HTML file to write, two folders below the root of the publication's links
            (`../marts.duckdb`, `../parquet/`); its folder must exist.
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
    page_script = _script((_TEMPLATES / "page.js").read_text(encoding="utf-8"))
    library = _library()
    html = (
        _environment()
        .get_template("index.html.j2")
        .render(
            style=Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
            policy=_policy(page_script, library),
            library=library,
            page_script=page_script,
            centres=centres,
            grades=GRADES,
            heatmap=heatmap,
            heatmap_json=script_json(heatmap),
            spec_json=script_json(charts.heatmap_spec()),
            words_json=script_json({"states": _STATE_WORDS, "table_rows": _TABLE_ROWS}),
            default=_default_view(heatmap) if heatmap and heatmap["maps"] else None,
            spots=spots,
            open_spots=[row for row in spots or [] if row["status"] in _OPEN_STATUSES],
            other_spots=[row for row in spots or [] if row["status"] not in _OPEN_STATUSES],
            status_counts=Counter(row["status"] for row in spots or []),
            metric_labels={key: row["label"] for key, row in metrics.items() if row["label"]},
            health=health,
        )
    )
    target.write_text(html, encoding="utf-8")


def script_json(value: object) -> Markup:
    """Returns JSON that is safe between script tags whatever texts it holds.

    Raises:
        ValueError: the value holds NaN or infinity.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_SCRIPT_ESCAPES))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=_percent,
        count=_number,
        moment=_moment,
        text=readable,
        status=lambda value: _STATUS_WORDS.get(value, readable(value)),
        listed=_listed,
        hours=_hours,
    )
    return environment


def _script(code: str) -> Markup:
    """Makes a script of our own fit for inlining; the page's policy names it by its digest."""
    plain = code.replace("\r\n", "\n").replace("\r", "\n")
    return Markup(plain.replace("</script", "<\\/script").replace("<!--", "<\\!--"))


def _policy(*scripts: Markup) -> str:
    """Content security policy: nothing is loaded, and only the given scripts run."""
    digests = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _library() -> Markup:
    """The chart library in the version Altair writes for; bundling it takes over a second."""
    version = ".".join(SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return _script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", version))


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
            "cannot be known" if cell.state == "blind" else _percent(cell.rate),
            _bounds(cell.rate_low, cell.rate_high),
            f"{_number(cell.n_observed)} of {_number(cell.n_exposed)}",
            _percent(cell.undecidable_share),
            f"{cell.grade} ({_percent(cell.data_confidence)})",
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
    return f"{_percent(low)} to {_percent(high)}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value * 100:.1f}%"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _hours(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f} h"


def _moment(value: datetime.datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"


def _listed(value: object, labels: dict[str, str]) -> str:
    """Turns a list kept as text ("a, b" or "[a, b]") into labels."""
    parts = readable(value).strip("[]").replace(";", ",").split(",")
    keys = [part.strip() for part in parts if part.strip()]
    return ", ".join(labels.get(key, key.replace("_", " ")) for key in keys)
