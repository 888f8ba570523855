"""The page works in a real browser, from disk, without a network."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestration.report import page as report_page
from tests.unit.report.fake_marts import HOSTILE, write_marts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser


@dataclass
class Visit:
    """An opened page, and what it said and asked for meanwhile."""

    page: "Page"
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def choose(self, name: str, position: int) -> None:
        """Picks an option of a select and waits until the chart shows it."""
        self.page.select_option(f"#select-{name}", index=position)
        self.settle()

    def settle(self) -> None:
        """Waits until the chart shows what the selects say."""
        self.page.wait_for_function(
            """() => document.getElementById("heatmap").dataset.drawn ===
                ["centre", "metric", "pair", "window"]
                    .map((name) => document.getElementById(`select-${name}`).value).join("|")"""
        )

    def labels(self) -> list[str]:
        """The numbers in the cells of the chart."""
        return self.page.locator("#heatmap svg .mark-text.role-mark text").all_text_contents()

    def table(self) -> list[str]:
        """The rows of the cell table."""
        return self.page.locator("#rated-cells tr").all_text_contents()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Debian's chromium; a missing one skips, or fails where everything is required."""
    executable = shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(executable).exists():
        reason = "chromium is not installed (apt-get install chromium)"
        if os.environ.get("FAULTLINE_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page with every state and hostile texts."""
    folder = tmp_path_factory.mktemp("publication")
    (folder / "report").mkdir()
    target = folder / "report" / "index.html"
    report_page.render(write_marts(folder / "marts.duckdb"), target)
    return target.as_uri()


def _visit(browser: "Browser", address: str, width: int, height: int) -> Visit:
    context = browser.new_context(viewport={"width": width, "height": height})
    visit = Visit(context.new_page())

    def only_disk(route: "Route") -> None:
        if route.request.url.startswith(("file:", "data:")):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", only_disk)
    visit.page.on("request", lambda request: visit.requests.append(request.url))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on(
        "console",
        lambda message: (
            visit.complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    visit.page.goto(address)
    visit.page.wait_for_selector("#heatmap[data-drawn]")
    return visit


@pytest.fixture
def visit(browser: "Browser", report: str) -> "Iterator[Visit]":
    """The page in a desktop window; afterwards nothing may have gone wrong unseen."""
    opened = _visit(browser, report, 1400, 1000)
    yield opened
    assert opened.complaints == []
    assert all(url.startswith(("file:", "data:")) for url in opened.requests)
    assert opened.page.evaluate("window.__pwned") is None
    opened.page.context.close()


def test_chart_and_tables_are_drawn(visit: Visit) -> None:
    page = visit.page
    assert page.locator("#heatmap svg").count() == 1
    assert any(label.endswith("%") for label in visit.labels())
    assert page.locator("#open-spots tbody tr").count() == 4
    assert page.locator("#source-health tbody tr").count() == 3
    assert HOSTILE in page.locator("#open-spots").inner_text()


def test_static_table_equals_the_scripted_one(visit: Visit, report: str) -> None:
    context = visit.page.context.browser
    assert context is not None
    without_script = context.new_context(java_script_enabled=False)
    still = without_script.new_page()
    still.goto(report)
    texts = [" ".join(text.split()) for text in still.locator("#rated-cells td").all_text_contents()]
    live = [" ".join(text.split()) for text in visit.page.locator("#rated-cells td").all_text_contents()]
    assert texts
    assert texts == live
    without_script.close()


@pytest.mark.parametrize("name", ["metric", "pair", "window", "centre"])
def test_each_select_changes_chart_and_table(visit: Visit, name: str) -> None:
    labels, table = visit.labels(), visit.table()
    summary = visit.page.locator("#heatmap-summary").inner_text()

    visit.choose(name, 1)

    assert visit.labels() != labels
    assert visit.table() != table
    assert visit.page.locator("#heatmap-summary").inner_text() != summary
    assert visit.page.locator("#heatmap svg").count() == 1


def test_blind_cells_are_hatched_and_carry_no_number(visit: Visit) -> None:
    marks = visit.page.evaluate(
        """() => {
            const layers = [...document.querySelectorAll("#heatmap svg .mark-symbol.role-mark")];
            const seen = (layer) => [...layer.querySelectorAll("path")]
                .filter((path) => path.getAttribute("opacity") !== "0").length;
            return layers.map(seen);
        }"""
    )
    summary = visit.page.locator("#heatmap-summary").inner_text()
    n_cells = int(summary.split(" cells")[0])
    assert f"{marks[1]} suppressed, {marks[0]} blind" in summary
    assert marks[0] > 0
    numbers = [label for label in visit.labels() if label]
    assert len(numbers) == n_cells - marks[0] - marks[1]


def test_tooltip_shows_the_whole_cell_as_text(visit: Visit) -> None:
    hostile = visit.page.locator("#rated-cells tr", has_text=HOSTILE)
    assert hostile.count()
    cells = visit.page.locator("#heatmap svg .mark-text.role-mark text")
    for position in range(cells.count()):
        cells.nth(position).hover(force=True)
        text = visit.page.locator("#vg-tooltip-element").inner_text()
        if HOSTILE in text:
            break
    assert HOSTILE in text
    for word in ("Observed", "Exposed", "Lowest possible", "Undecidable", "Data confidence"):
        assert word in text


@pytest.mark.parametrize(("width", "height"), [(1400, 1000), (420, 900)])
def test_nothing_is_cut_off(browser: "Browser", report: str, width: int, height: int) -> None:
    visit = _visit(browser, report, width, height)
    visit.settle()
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    n_cut = visit.page.evaluate(
        """() => {
            const frame = document.querySelector("#heatmap svg").getBoundingClientRect();
            return [...document.querySelectorAll("#heatmap svg text")]
                .map((text) => text.getBoundingClientRect())
                .filter((box) => box.width && (box.left < frame.left - 1
                    || box.right > frame.right + 1 || box.top < frame.top - 1)).length;
        }"""
    )
    assert n_cut == 0
    visit.page.context.close()


def test_dark_mode_redraws(visit: Visit) -> None:
    def fills() -> list[str]:
        found: list[str] = visit.page.locator("#heatmap svg .mark-rect.role-mark path").evaluate_all(
            "paths => paths.map((path) => path.getAttribute('fill'))"
        )
        return found

    before = fills()
    visit.page.emulate_media(color_scheme="dark")
    visit.page.wait_for_function(
        "(old) => document.querySelector('#heatmap svg .mark-rect.role-mark path')"
        ".getAttribute('fill') !== old",
        arg=before[0],
    )
    assert fills() != before
