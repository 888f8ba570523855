"""Data Docs open without a network: what their pages load lies beside them, unchanged, with its licence."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from expectations.docs.site import ASSETS
from expectations.judge import docs_index, judge
from tests.conftest import PROJECT

# SHA-256 of each file as its npm package delivers it.
DIGESTS = {
    "css/bootstrap-datepicker.min.css": "b22c8ea45fe905650f8087108b5ed32c1923bcd80d400adc9b0241f18be40208",
    "css/bootstrap-table-filter-control.min.css": "be4e0c0d11f9319f1ad191f7447a38f755728bbaa10903e469f367441ba79ae2",
    "css/bootstrap-table.min.css": "643f536f6982af4d7287af23f89ad457dd7e4a82f9c695330a112b0881c30a4a",
    "css/bootstrap.min.css": "60b19e5da6a9234ff9220668a5ec1125c157a268513256188ee80f2d2c8d8d36",
    "css/fontawesome.min.css": "5df034a6918e00db3cf03b3ef45a952f2df1206cd3ff6e4afd52e6451c44f68c",
    "css/solid.min.css": "95ab6cad65a712ff68281ceac2fa56ed94041c6d4d6fe52bb8293ce826d87331",
    "js/bootstrap-datepicker.min.js": "6ea55ea86749ee1fe560fabac6b3effd81b33046fa74dc657e24d41d28110a9f",
    "js/bootstrap-table-filter-control.min.js": "111f68d31d1bdd714f9503bf5f4e162e0739c363e4ff2feef950d39e78266ffc",
    "js/bootstrap-table.min.js": "06a571a9beb50bd5ddd60517159775dfec1f3e798fff38fb117ae2350dc9ba9d",
    "js/bootstrap.bundle.min.js": "7f3145c87d3570154f633975e8a4f8d30aa38603edaba145501e9c90ddbe186c",
    "js/jquery.min.js": "fc9a93dd241f6b045cbff0481cf4e1901becd0e12fb45166a8f17f95823f0b1a",
    "webfonts/fa-solid-900.woff2": "1f0189e087fcefbf654fad74a3a06668b782c01353a61d5c0b7f0bf23e33c020",
}
LOADS = re.compile(r'<(?:script|img|link)\b[^>]*?\b(?:src|href)="([^"]*)"')
HOSTILE = "<script>document.title = 'taken'</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of one judgement over two suites, one of which fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GX_ANALYTICS_ENABLED", "false")
        registry = pd.read_csv(PROJECT / "seeds" / "reference" / "blind_spots.csv")
        scope = {
            "source_instance": "telephony",
            "scope_type": "reason",
            "window_type": "week",
            "window_start": pd.Timestamp("2024-01-01"),
        }
        coverage = pd.DataFrame(
            [
                {"blind_spot_id": "BS01", "scope_id": HOSTILE, "affected_share": 0.4, **scope},
                {"blind_spot_id": "BS01", "scope_id": "billing", "affected_share": 0.9, **scope},
                {"blind_spot_id": "BS10", "scope_id": "billing", "affected_share": 0.0, **scope},
            ]
        )
        docs = tmp_path_factory.mktemp("docs") / "gx"
        judge(coverage, registry, docs)
    return docs_index(docs).parent


def _pages(site: Path) -> Iterator[tuple[Path, str]]:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == 5, "an index, two suites, two validations"
    return ((page, page.read_text(encoding="utf-8")) for page in pages)


def test_pages_load_only_what_lies_beside_them(site: Path) -> None:
    for page, text in _pages(site):
        loaded = [unquote(address) for address in LOADS.findall(text)]
        assert len(loaded) > 10
        assert [address for address in loaded if not (page.parent / address).is_file()] == []
        assert not re.search(r"url\(['\"]?https?:", text)


def test_links_between_pages_lead_to_pages(site: Path) -> None:
    for page, text in _pages(site):
        links = re.findall(r'<a\b[^>]*?href="((?!https?:|#|\$)[^"]+\.html)"', text)
        assert [link for link in links if not (page.parent / unquote(link)).is_file()] == []


def test_unexpected_scopes_are_named_worst_first_and_as_text(site: Path) -> None:
    [page] = (site / "validations" / "linkage").rglob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "2 of 2 scopes are above" in text
    assert text.index("90.0%") < text.index("40.0%")
    assert "billing" in text
    assert HOSTILE not in text


def test_the_site_stays_small(site: Path) -> None:
    """Great Expectations would copy 4 MB of pictures and fonts that no page shows."""
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 1_200_000


def test_shipped_files_are_those_of_their_packages() -> None:
    found = {
        path.relative_to(ASSETS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in ASSETS.rglob("*")
        if path.is_file() and path.name != "LICENSES"
    }
    assert found == DIGESTS


def test_every_shipped_file_is_named_beside_its_licence() -> None:
    licences = (ASSETS / "LICENSES").read_text(encoding="utf-8")
    assert [name for name in DIGESTS if name not in licences] == []
