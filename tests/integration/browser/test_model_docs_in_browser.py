"""The page about all tables opens from disk, with the network cut."""

from pathlib import Path

import pytest

from tests.integration.conftest import faultline

pytestmark = pytest.mark.browser


def test_the_page_about_a_mart_shows_its_columns_and_its_owner(chromium: str, demo_home: Path) -> None:
    from playwright.sync_api import sync_playwright

    done = faultline("docs", "--home", demo_home)
    assert done.returncode == 0, done.stderr
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
        )
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{(demo_home / 'docs' / 'index.html').as_uri()}#!/model/model.faultline.mart_case")
        page.get_by_text("Data engineering <data-engineering@example.com>").wait_for()
        assert page.locator("tr", has_text="is_escalated").count()
        browser.close()
    assert [url for url in asked if url.startswith("http")] == []
