"""The page says what the marts say, whatever texts they hold and whatever is missing."""

import base64
import datetime
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.report import charts, facts, page
from orchestration.report.cell import Cell
from tests.conftest import PROJECT
from tests.unit.report.fake_marts import (
    BREAKOUT,
    FORMULA,
    HOSTILE,
    START,
    create_tables,
    fill_tables,
    write_marts,
)

MEGABYTE = 1_000_000


class _Outline(HTMLParser):
    """Collects tags, scripts and the text a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def _rendered(marts: Path) -> tuple[str, _Outline]:
    target = marts.with_name("index.html")
    page.render(marts, target)
    html = target.read_text(encoding="utf-8")
    outline = _Outline()
    outline.feed(html)
    return html, outline


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, _Outline]:
    """The page of the full fake marts."""
    return _rendered(write_marts(tmp_path_factory.mktemp("full") / "marts.duckdb"))


def _policy(html: str) -> str:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert found is not None
    return found.group(1).replace("&#39;", "'")


def _allowed_scripts(html: str) -> list[str]:
    """What the policy of a page lets run."""
    found = re.search(r"script-src ([^;]+);", _policy(html))
    assert found is not None
    return found.group(1).split()


def _payload(outline: _Outline) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(outline.scripts[0])
    assert payload["cell_fields"] == list(Cell._fields)
    for shown in payload["maps"].values():
        shown["cells"] = [Cell._make(cell) for cell in shown["cells"]]
    return payload


def test_header_gives_share_with_bounds_or_says_it_cannot_be_known(
    rendered: tuple[str, _Outline],
) -> None:
    text = rendered[1].text
    assert "As of 2026-07-01 06:00 UTC" in text
    # 200 journeys, 20 undecided, 26 of the other 180 escalated.
    assert "14.4% Worst-case bounds 13.0% to 23.0%: 20 of 200 journeys are undecided." in text
    assert "cannot be known None of 200 journeys could be decided." in text
    assert "As-of time: not recorded" in text
    assert "Cases 1,234 Contacts 2,345" in text
    assert "2 blind, 1 errored, 1 warning" in text


def test_hostile_text_is_only_ever_text(rendered: tuple[str, _Outline]) -> None:
    html, outline = rendered
    assert HOSTILE not in html
    assert BREAKOUT not in html
    assert HOSTILE in outline.text
    assert not [tag for tag, _ in outline.tags if tag == "img"]
    assert len(outline.scripts) == 5
    for data in outline.scripts[:3]:
        assert not set("<>&\u2028\u2029") & set(data)
    assert {HOSTILE, BREAKOUT, FORMULA} <= set(_payload(outline)["texts"])


def test_policy_names_exactly_the_scripts_that_run(rendered: tuple[str, _Outline]) -> None:
    html, outline = rendered
    digests = [
        base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in outline.scripts[3:]
    ]
    assert _allowed_scripts(html) == [f"'sha256-{digest}'" for digest in digests]
    assert "default-src 'none'" in _policy(html)
    assert "unsafe-eval" not in _policy(html)


def test_nothing_is_fetched_and_links_stay_beside_the_page(
    rendered: tuple[str, _Outline],
) -> None:
    sources = [attributes.get("src") for _, attributes in rendered[1].tags]
    assert not any(sources)
    links = [attributes["href"] for _, attributes in rendered[1].tags if "href" in attributes]
    assert links == ["data:,", "../marts.duckdb", "../parquet/"]


def test_tables_are_accessible(rendered: tuple[str, _Outline]) -> None:
    tags = rendered[1].tags
    assert len([tag for tag, _ in tags if tag == "table"]) == len(
        [tag for tag, _ in tags if tag == "caption"]
    )
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")
    labelled = [attributes for tag, attributes in tags if attributes.get("role") == "region"]
    assert all(attributes.get("aria-label") for attributes in labelled)


def test_blind_spots_come_worst_first_and_other_scopes_stay_out(
    rendered: tuple[str, _Outline],
) -> None:
    html, outline = rendered
    shown = re.findall(r"<code>(BS\d+)</code></span></th>", html)
    assert shown == ["BS33", "BS26", "BS36", "BS20", "BS23", "BS11", "BS42"]
    assert "Only a team" not in outline.text
    assert "1 due check gave no answer. Not assessed never means healthy." in outline.text
    assert "700 of 1,000" in outline.text
    assert "Escalated, Reopened" in outline.text


def test_source_health_distinguishes_never_delivered_from_delivered(
    rendered: tuple[str, _Outline],
) -> None:
    text = rendered[1].text
    assert "contacts north, crm_1 yes 3,000 9 1.0% 2026-01-05 2026-01-07 7.5 h" in text
    assert "never 0 0 unknown none none unknown" in text


def test_first_table_ranks_by_what_is_certain_and_leaves_blind_cells_out(
    rendered: tuple[str, _Outline],
) -> None:
    payload = _payload(rendered[1])
    view = page._default_view(payload)
    lows = [float(row[3].split("%")[0]) for row in view["rated"] if row[7] == "Rate shown"]
    assert lows == sorted(lows, reverse=True)
    assert {row[7] for row in view["rated"]} <= {"Rate shown", "Unstable"}
    assert {row[7] for row in view["unseen"]} == {"Blind"}
    assert {row[2] for row in view["unseen"]} == {"cannot be known"}
    assert "BS26 Escalation label incomplete" in {row[8] for row in view["unseen"]}


def test_payload_offers_all_choices_and_no_weeks(rendered: tuple[str, _Outline]) -> None:
    payload = _payload(rendered[1])
    assert [row["id"] for row in payload["metrics"]] == [
        "escalated",
        "reopened",
        "sla_missed",
        "bounced",
    ]
    assert payload["metrics"][3]["label"] == "Bounced"
    windows = payload["centres"][0]["windows"]
    assert windows[:2] == [
        "Whole span, 2026-01-05 to before 2026-06-22",
        "Eight weeks, 2026-04-27 to before 2026-06-22",
    ]
    assert len(windows) == 4
    assert len(payload["maps"]) == 2 * 4 * 3 * 4


def test_page_stays_small_with_full_maps(tmp_path: Path) -> None:
    names = {
        "team": [f"Team number {number}" for number in range(45)] + ["(unknown)"],
        "reason": [f"Reason number {number}" for number in range(50)] + ["(unknown)"],
        "channel": ["voice", "chat", "e-mail"],
    }
    html, outline = _rendered(write_marts(tmp_path / "marts.duckdb", names))
    payload = _payload(outline)
    shown = payload["maps"]["0|0|0|0"]
    assert (len(shown["columns"]), len(shown["rows"])) == (30, 30)
    assert shown["left_out"] == [16, 21]
    # What is not known always has a place, at the end.
    assert payload["texts"][shown["columns"][-1]] == "(unknown)"
    assert len(html) < 6 * MEGABYTE


def test_windows_that_do_not_fit_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "MAP_CELLS", 900)
    payload = _payload(_rendered(write_marts(tmp_path / "marts.duckdb"))[1])
    for centre in payload["centres"]:
        assert centre["windows"][0].startswith("Whole span")
        assert len(centre["windows"]) + centre["windows_left_out"] == 4
    assert any(centre["windows_left_out"] for centre in payload["centres"])


def test_an_empty_file_gives_a_page_in_words(tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    duckdb.connect(str(marts)).close()
    text = _rendered(marts)[1].text
    assert "No centre has any rows in this publication yet." in text
    for table in ("mart_escalation_heatmap", "mart_blind_spot", "mart_source_health"):
        assert f"The table {table} is not part of this publication" in text


def test_empty_marts_give_a_page_in_words(tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(marts)) as connection:
        create_tables(connection)
    html, outline = _rendered(marts)
    text = outline.text
    assert outline.scripts == []
    assert _allowed_scripts(html) == ["'none'"]
    assert "has no cells for the whole span" in text
    assert "nothing was assessed, which is not the same as healthy" in text
    assert "no source has delivered anything" in text


@pytest.mark.parametrize(
    "table",
    [
        "mart_escalation_heatmap",
        "mart_blind_spot",
        "mart_source_health",
        "mart_journey",
        "mart_case",
        "mart_contact",
        "mart_source_span",
        "blind_spots",
        "heatmap_metrics",
    ],
)
def test_any_single_table_may_be_missing(tmp_path: Path, table: str) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    with duckdb.connect(str(marts)) as connection:
        connection.execute(f"drop table {table}")
    assert "How to read this page" in _rendered(marts)[1].text


def test_missing_columns_and_odd_values_do_not_stop_the_page(tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    with duckdb.connect(str(marts)) as connection:
        create_tables(connection)
        fill_tables(connection)
        for table, column in [
            ("mart_escalation_heatmap", "suppress_reason"),
            ("mart_blind_spot", "remedy"),
            ("mart_source_health", "freshness_hours"),
            ("mart_journey", "is_escalated"),
        ]:
            connection.execute(f"alter table {table} drop column {column}")
        connection.execute("update mart_escalation_heatmap set rate_high = 'nan', value_x = null")
        connection.execute("update mart_blind_spot set status = null where status = 'ok'")
    text = _rendered(marts)[1].text
    assert "2 not assessed" in text


def test_as_of_times_that_differ_by_source_are_both_given(tmp_path: Path) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    with duckdb.connect(str(marts)) as connection:
        connection.execute(
            "insert into mart_source_span (centre, source_instance, as_of_at)"
            " values ('north', 'tel_2', timestamp '2026-06-30 23:15:00')"
        )
    text = _rendered(marts)[1].text
    assert "As of 2026-06-30 23:15 UTC to 2026-07-01 06:00 UTC, differing by source" in text


def test_readable_removes_what_misleads_the_eye() -> None:
    assert facts.readable("a\u202eb\x00c\u2028d") == "a\ufffdb\ufffdc\ufffdd"
    assert facts.readable("x" * 400) == "x" * 299 + "\u2026"
    assert facts.readable(None) == ""


def _cell(**changes: object) -> facts.Row:
    cell: facts.Row = {
        "centre": "north",
        "metric_id": "escalated",
        "dim_x": "team",
        "value_x": "Billing",
        "x_rank": 1,
        "n_x": 1,
        "dim_y": "channel",
        "value_y": "voice",
        "y_rank": 1,
        "n_y": 1,
        "window_type": "span",
        "window_start": START,
        "window_end": START + datetime.timedelta(days=7),
        "n_windows_left_out": 0,
        "n_exposed": 100,
        "n_observed": 20,
        "rate": 0.2,
        "rate_low": 0.2,
        "rate_high": 0.2,
        "undecidable_share": 0.0,
        "data_confidence": 1.0,
        "grade": "A",
        "state": "unranked",
        "suppress_reason": None,
        "top_blind_spot_id": None,
        "is_missing_volume_estimated": False,
    }
    return cell | changes


def test_the_page_reads_columns_that_the_marts_promise() -> None:
    """A column the mart lacks is NULL on the page: without this, one that is renamed empties it unseen."""
    path = PROJECT / "dbt_project" / "models" / "marts" / "blind_spots" / "_models.yml"
    promised = {
        (model["name"], column["name"]): column["data_type"].replace("string", "varchar").upper()
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        for column in model["columns"]
    }
    marts = {
        "mart_escalation_heatmap": facts._HEATMAP,
        "mart_blind_spot": facts._BLIND_SPOT,
        "mart_source_health": facts._SOURCE_HEALTH,
    }
    read = {(mart, column): kind for mart, columns in marts.items() for column, kind in columns.items()}
    assert {column: promised.get(column) for column in read} == read
    assert {*Cell._fields} - {"column", "row"} <= {*facts._HEATMAP}


def test_cells_keep_their_values_under_their_names() -> None:
    """Without names, two values that change places would change tables and colours."""
    values = {"n_observed": 7, "n_exposed": 70, "rate": 0.11, "rate_low": 0.09, "rate_high": 0.13}
    values |= {"undecidable_share": 0.04, "data_confidence": 0.8, "suppress_reason": "few"}
    [cell] = charts.payload([_cell(**values)], {}, {})["maps"]["0|0|1|0"]["cells"]
    assert {name: getattr(cell, name) for name in values} == values


def test_channels_go_across() -> None:
    shown = charts.payload([_cell()], {}, {})
    assert shown["pairs"][1] == {"columns": "channel", "rows": "team"}
    only = shown["maps"]["0|0|1|0"]
    assert [shown["texts"][at] for at in only["columns"]] == ["voice"]
    assert [shown["texts"][at] for at in only["rows"]] == ["Billing"]


def test_long_names_with_the_same_beginning_stay_apart() -> None:
    cells = [_cell(value_x="x" * 200 + end, x_rank=rank, n_x=2) for rank, end in enumerate("ab", 1)]
    texts = charts.payload(cells, {}, {})["texts"]
    assert len(texts) == len(set(texts)) == 3


def test_unstable_and_blind_rates_do_not_set_the_scale() -> None:
    cells = [
        _cell(),
        _cell(value_x="b", x_rank=2, rate=0.9, state="unstable"),
        _cell(value_x="c", x_rank=3, rate=1.0, state="blind"),
    ]
    assert charts.payload(cells, {}, {})["ceilings"] == {"0|0|1": 0.2}
    assert charts.payload(cells[1:], {}, {})["ceilings"] == {"0|0|1": 0.9}
    assert charts.payload(cells[2:], {}, {})["ceilings"] == {}


def test_undecidable_cells_have_no_number() -> None:
    cell = _cell(n_observed=None, rate=None, rate_low=None, rate_high=None, state="blind")
    view = page._default_view(charts.payload([cell], {}, {}))
    assert view["unseen"][0][2:5] == ["cannot be known", "cannot be known", "unknown of 100"]


def test_a_metric_without_cells_has_its_label_among_the_blind_spots(tmp_path: Path) -> None:
    """Its id alone would be read as a word of ours."""
    marts = write_marts(tmp_path / "marts.duckdb")
    with duckdb.connect(str(marts)) as connection:
        found = connection.execute(
            "SELECT schema_name FROM duckdb_tables() WHERE table_name = 'mart_blind_spot'"
        ).fetchall()
        schema = found[0][0]
        connection.execute(
            f"UPDATE {schema}.mart_blind_spot SET metrics_affected = 'sla_missed,other_metric'"
        )
        connection.execute(f"DELETE FROM {schema}.mart_escalation_heatmap WHERE metric_id = 'sla_missed'")
    _, outline = _rendered(marts)
    assert "SLA missed, other metric" in outline.text
    assert "sla_missed" not in outline.text
