"""The heatmap: a compact form of the cells for the page's script, and the chart it fills."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from orchestration.report.cell import Cell
from orchestration.report.facts import MAP_SIDE, Row, readable

Payload = dict[str, Any]

# Order in which metrics are offered; others follow by id.
_METRICS = ("escalated", "reopened", "sla_missed", "bounced")
_PAIRS = (("team", "reason"), ("team", "channel"), ("reason", "channel"))
_STATE_RANK = {"unstable": 1, "suppressed": 2, "blind": 3}
_FIRST_UNRANKABLE = 2
_LABEL_LIMIT = 80


def payload(cells: Sequence[Row], metrics: Mapping[str, Row], blind_spots: Mapping[str, str]) -> Payload:
    """Packs the cells of all maps for the page's script.

    Args:
        cells: rows of `facts.heatmap_cells`.
        metrics: metric_id to label, definition, exposure.
        blind_spots: blind-spot id to name.

    Returns:
        `centres` (name, windows, windows_left_out), `metrics`, `pairs`, `texts` (labels, referred
        to by position), `blind_spots`, `ceilings` (top of the colour scale per centre, metric and
        pair, the same for all windows), `cell_fields` (names of the parts of a `Cell`) and `maps`:
        centre|metric|pair|window positions to columns, rows, how many were left out, and cells in
        the order of the table (certain rates first).
    """
    texts = _Texts()
    centres = list(dict.fromkeys(cell["centre"] for cell in cells))
    found = {cell["metric_id"] for cell in cells}
    metric_ids = sorted(found, key=lambda key: (_position(key, _METRICS), str(key)))
    windows = {
        centre: list(dict.fromkeys(_window(cell) for cell in cells if cell["centre"] == centre))
        for centre in centres
    }
    grouped: dict[tuple[int, int, int, int], list[Row]] = {}
    for cell in cells:
        key = (
            centres.index(cell["centre"]),
            metric_ids.index(cell["metric_id"]),
            _PAIRS.index((cell["dim_x"], cell["dim_y"])),
            windows[cell["centre"]].index(_window(cell)),
        )
        grouped.setdefault(key, []).append(cell)
    return {
        "side": MAP_SIDE,
        "centres": [
            {
                "name": readable(centre, _LABEL_LIMIT),
                "windows": [_window_label(window) for window in windows[centre]],
                "windows_left_out": next(
                    cell["n_windows_left_out"] for cell in cells if cell["centre"] == centre
                ),
            }
            for centre in centres
        ],
        "metrics": [_metric(key, metrics.get(key, {})) for key in metric_ids],
        "pairs": [dict(zip(("columns", "rows"), _axes(*pair), strict=True)) for pair in _PAIRS],
        "blind_spots": {
            readable(key, _LABEL_LIMIT): name
            for key, name in blind_spots.items()
            if any(cell["top_blind_spot_id"] == key for cell in cells)
        },
        "ceilings": _ceilings(grouped),
        "cell_fields": Cell._fields,
        "maps": {"|".join(map(str, key)): _map(part, texts) for key, part in grouped.items()},
        "texts": texts.shown,
    }


def heatmap_spec() -> dict[str, Any]:
    """Returns the Vega-Lite chart the page's script fills with cells.

    Expected fields: column, row (labels), column_rank, row_rank, kind ('rate', 'blind',
    'suppressed'), rate (0-1), label, is_inverse, and the tooltip's texts. Parameters set by the
    script: ceiling (rate at the top of the scale), hatch (path in a box of -1 to 1), pitch (width
    of a cell in pixels) and the colours of the theme.
    """
    params = [
        alt.param(name=name, value=value)
        for name, value in {
            "ceiling": 1.0,
            "hatch": "M-1,0.5L0,-0.5",
            "pitch": 44,
            "ink": "#1b1f24",
            "inverse": "#ffffff",
            "blind": "#c9ced6",
            "line": "#5b6470",
        }.items()
    ]
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("column:N", title=None, sort=alt.EncodingSortField("column_rank", op="min")).axis(
            orient="top", labelAngle=-40, ticks=False, domain=False, labelPadding=4
        ),
        y=alt.Y("row:N", title=None, sort=alt.EncodingSortField("row_rank", op="min")).axis(
            ticks=False, domain=False, labelPadding=6
        ),
        tooltip=[alt.Tooltip(f"{field}:N", title=title) for field, title in _TOOLTIP.items()],
    )
    rates = base.mark_rect(aria=False, strokeWidth=1.5).encode(
        fill=alt.when("datum.kind === 'rate'")
        .then(
            alt.Fill(
                "rate:Q",
                scale=alt.Scale(domainMin=0, domainMax=alt.ExprRef("ceiling"), clamp=True),
                legend=None,
            )
        )
        .otherwise(alt.value(alt.ExprRef("blind"))),
        fillOpacity=_only("suppressed", 0, 1),
        stroke=alt.value(alt.ExprRef("blind")),
        strokeOpacity=_only("suppressed", 1, 0),
    )
    hatch = base.mark_point(
        aria=False, filled=False, strokeWidth=1.2, size=alt.ExprRef("pitch * pitch")
    ).encode(
        shape=alt.value(alt.ExprRef("hatch")),
        stroke=alt.value(alt.ExprRef("line")),
        opacity=_only("blind", 1, 0),
    )
    dot = base.mark_point(aria=False, filled=True, size=26).encode(
        fill=alt.value(alt.ExprRef("line")),
        opacity=_only("suppressed", 1, 0),
    )
    numbers = base.mark_text(aria=False, fontSize=11).encode(
        text="label:N",
        color=alt.when("datum.is_inverse")
        .then(alt.value(alt.ExprRef("inverse")))
        .otherwise(alt.value(alt.ExprRef("ink"))),
    )
    chart = alt.layer(rates, hatch, dot, numbers).add_params(*params)
    spec: dict[str, Any] = chart.to_dict()
    return spec


def _only(kind: str, value: float, otherwise: float) -> Any:
    """One value for cells of a kind, another one for the rest."""
    return alt.when(f"datum.kind === '{kind}'").then(alt.value(value)).otherwise(alt.value(otherwise))


_TOOLTIP = {
    "where": "Cell",
    "state": "State",
    "observed": "Observed",
    "exposed": "Exposed",
    "rate_text": "Rate",
    "low": "Lowest possible",
    "high": "Highest possible",
    "undecidable": "Undecidable",
    "confidence": "Data confidence",
    "grade": "Grade",
    "missing": "Missing volume",
    "blind_spot": "Top blind spot",
}


class _Texts:
    """Labels, each kept once; two values that look alike after cutting stay two labels."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._positions: dict[object, int] = {}
        self._taken: set[str] = set()

    def position(self, value: object) -> int:
        if value not in self._positions:
            label = plain = readable(value, _LABEL_LIMIT) or "(empty)"
            number = 2
            while label in self._taken:
                label = f"{plain} ({number})"
                number += 1
            self._taken.add(label)
            self._positions[value] = len(self.shown)
            self.shown.append(label)
        return self._positions[value]


def _map(cells: Sequence[Row], texts: _Texts) -> Payload:
    """One map: its axes in order of exposure and its cells in the order of the table."""
    first = cells[0]
    is_x_first = _axes(first["dim_x"], first["dim_y"])[0] == first["dim_x"]
    x_values = _in_order(cells, "value_x", "x_rank")
    y_values = _in_order(cells, "value_y", "y_rank")
    columns, rows = (x_values, y_values) if is_x_first else (y_values, x_values)
    column, row = ("value_x", "value_y") if is_x_first else ("value_y", "value_x")
    n_columns, n_rows = (first["n_x"], first["n_y"]) if is_x_first else (first["n_y"], first["n_x"])
    column_at = {value: position for position, value in enumerate(columns)}
    row_at = {value: position for position, value in enumerate(rows)}
    return {
        "columns": [texts.position(value) for value in columns],
        "rows": [texts.position(value) for value in rows],
        "left_out": [n_columns - len(columns), n_rows - len(rows)],
        "cells": [
            Cell(
                column=column_at[cell[column]],
                row=row_at[cell[row]],
                n_observed=cell["n_observed"],
                n_exposed=cell["n_exposed"],
                rate=_rounded(cell["rate"]),
                rate_low=_rounded(cell["rate_low"]),
                rate_high=_rounded(cell["rate_high"]),
                undecidable_share=_rounded(cell["undecidable_share"]),
                data_confidence=_rounded(cell["data_confidence"]),
                grade=readable(cell["grade"], 8),
                state=readable(cell["state"], 24),
                top_blind_spot_id=_label(cell["top_blind_spot_id"]),
                suppress_reason=_label(cell["suppress_reason"]),
                is_missing_volume_estimated=cell["is_missing_volume_estimated"],
            )
            for cell in sorted(cells, key=_table_order)
        ],
    }


def _table_order(cell: Row) -> tuple[float, ...]:
    """Steady rates first, by what is certain; what cannot be ranked last, by exposure."""
    rank = _STATE_RANK.get(cell["state"], 0)
    low = cell["rate_low"] if rank < _FIRST_UNRANKABLE and cell["rate_low"] is not None else 0.0
    return (rank, -low, -(cell["rate"] or 0.0), -(cell["n_exposed"] or 0))


def _ceilings(grouped: Mapping[tuple[int, int, int, int], Sequence[Row]]) -> dict[str, float]:
    """Top of the colour scale per centre, metric and pair, rounded up to a whole percent.

    Unstable rates jump about; they set the scale only where no steady rate does.
    """
    steady: dict[str, float] = {}
    unstable: dict[str, float] = {}
    for (centre, metric, pair, _), cells in grouped.items():
        key = f"{centre}|{metric}|{pair}"
        for cell in cells:
            if cell["rate"] is None or cell["state"] in ("blind", "suppressed"):
                continue
            highest = unstable if cell["state"] == "unstable" else steady
            highest[key] = max(highest.get(key, 0.0), cell["rate"])
    return {
        key: min(1.0, max(0.01, math.ceil(value * 100 - 1e-9) / 100))
        for key, value in (unstable | steady).items()
    }


def _axes(dim_x: str, dim_y: str) -> tuple[str, str]:
    """Columns and rows of a pair: the few channels go across, long names go down."""
    return (dim_y, dim_x) if dim_y == "channel" else (dim_x, dim_y)


def _in_order(cells: Sequence[Row], value: str, rank: str) -> list[str]:
    found = sorted({(cell[rank], cell[value]) for cell in cells})
    return [text for _, text in found]


def _window(cell: Row) -> tuple[Any, ...]:
    return (cell["window_type"], cell["window_start"], cell["window_end"])


def _window_label(window: tuple[Any, ...]) -> str:
    kind, start, end = window
    name = "Whole span" if kind == "span" else "Eight weeks"
    if start is None or end is None:
        return name
    return f"{name}, {start.isoformat()} to before {end.isoformat()}"


def _metric(key: object, registered: Row) -> Row:
    text = readable(key, _LABEL_LIMIT)
    return {
        "id": text,
        "label": readable(registered.get("label"), _LABEL_LIMIT) or text.replace("_", " ").capitalize(),
        "definition": readable(registered.get("definition")),
        "exposure": readable(registered.get("exposure"), _LABEL_LIMIT),
    }


def _position(value: object, order: Sequence[object]) -> int:
    return order.index(value) if value in order else len(order)


def _label(value: object) -> str | None:
    return None if value is None else readable(value, _LABEL_LIMIT)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
