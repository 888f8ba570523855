"""Data Docs work in a real browser, from disk, with the network cut."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from expectations.judge import docs_index, judge
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SHARES = {"BS01": 0.9, "BS10": 0.0, "BS36": 0.2}
SUITES = {"linkage": "BS01", "coding": "BS10", "clocks": "BS36"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the Data Docs of one scope under three suites."""
    scope = {
        "source_instance": "telephony",
        "scope_type": "team",
        "scope_id": "Billing",
        "window_type": "span",
        "window_start": pd.Timestamp("2024-01-01"),
    }
    coverage = pd.DataFrame(
        [{"blind_spot_id": name, "affected_share": share, **scope} for name, share in SHARES.items()]
    )
    docs = tmp_path_factory.mktemp("judged") / "gx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GX_ANALYTICS_ENABLED", "false")
        judge(coverage, pd.read_csv(PROJECT / "seeds" / "reference" / "blind_spots.csv"), docs)
    return docs_index(docs).as_uri()


@pytest.fixture
def page(chromium: str, index: str) -> "Iterator[Page]":
    """The list of validations; afterwards nothing may have failed to load or to run unseen."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
        )
        opened = browser.new_page()
        opened.on("requestfailed", lambda request: wrong.append(request.url))
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        opened.on(
            "request",
            lambda request: wrong.append(request.url) if request.url.startswith("http") else None,
        )
        opened.goto(index)
        yield opened
        browser.close()
    assert wrong == []


def test_the_list_of_validations_is_filled_and_one_opens(page: "Page") -> None:
    """Without scripts of its own the list is empty: its rows are made in the browser."""
    rows = page.locator(".ge-index-page-validation-results-table tbody tr")
    assert rows.count() == len(SUITES)
    assert page.locator(".ge-index-page-validation-results-table .text-danger").count() == 2

    rows.filter(has_text="linkage").locator("td").nth(2).click()
    page.wait_for_url("**/validations/linkage/**")

    text = page.locator("body").inner_text()
    assert "BS01 Contacts with no CRM case: at most 5 % of the contacts of a scope" in text
    assert "1 of 1 scopes are above" in text
    assert "Billing" in text


def test_pages_have_their_style_and_their_icons(page: "Page") -> None:
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    assert page.evaluate(
        "document.fonts.ready.then(() => document.fonts.check('900 16px \"Font Awesome 6 Free\"'))"
    )
    assert page.evaluate("document.querySelector('nav img').naturalWidth") > 0


def test_each_suite_opens_from_its_tab(page: "Page") -> None:
    page.get_by_text("Expectation Suites").first.click()
    rows = page.locator(".ge-index-page-expectation_suites-table tbody tr")
    assert sorted(rows.all_inner_texts()) == sorted(SUITES)
    rows.filter(has_text="clock").click()
    page.wait_for_url("**/expectations/clocks.html")
    assert "BS36 Clock skew between systems: at most 5 %" in page.locator("body").inner_text()
