"""Genesys Cloud: one page of conversation details, as the query answered it in 2016."""

import json
import shutil
from pathlib import Path

PAGE = Path("genesys-doc-sample", "conversations_details_query_response_2016.masked.json")
SOURCES = {
    "genesys_cloud.yml": (
        "source: genesys_cloud\ncentre: genesys_cloud\nconnector: genesys_cloud\ntime_zone: Asia/Tokyo\n"
        "phone_region: JP\nfiles:\n  conversations: {glob: genesys_cloud/conversations/**/*.json}\n"
    )
}


def deliver(real_data: Path, exports: Path) -> None:
    """Lays the page where a daily query would write it."""
    target = exports / "genesys_cloud" / "conversations" / "2016-09-06"
    target.mkdir(parents=True)
    shutil.copy(real_data / PAGE, target / "page-001.json")


def expected_rows(real_data: Path) -> dict[str, set[str]]:
    """Every conversation; there are no cases."""
    page = json.loads((real_data / PAGE).read_text(encoding="utf-8"))
    return {"mart_case": set(), "mart_contact": {one["conversationId"] for one in page["conversations"]}}
