"""One run of the demo from exports to heatmap, with many small questions."""

import json
import re
from pathlib import Path

import duckdb
import pytest

from tests.integration.conftest import DEMO, Run, run
from tests.keys import check_keys

pytestmark = pytest.mark.integration


def test_the_run_prints_its_stages_and_where_the_result_is(demo: Run) -> None:
    for expected in ("Landed", "Building", "Judging blind spots", "Publishing", "index.html", "marts.duckdb"):
        assert expected in demo.output
    assert "Traceback" not in demo.output


def test_the_keys_of_the_tables_below_the_marts_hold(demo: Run, tmp_path: Path) -> None:
    check_keys(demo.home, tmp_path)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("count(*) FROM mart_contact", 411),
        ("count(*) FROM mart_case", 240),
        ("sum(n_legs) FROM mart_contact", 479),
        ("sum(n_transfers_blind) FROM mart_contact", 42),
        ("sum(n_transfers_consult) FROM mart_contact", 26),
        ("count(*) FROM mart_contact WHERE is_abandoned", 20),
        ("count(*) FROM mart_case WHERE n_reopens > 0", 22),
        ("count(*) FROM mart_case WHERE NOT is_sla_met", 74),
        ("count(*) FROM mart_case WHERE n_returns_direct > 0", 24),
        ("count(*) FROM mart_journey WHERE is_escalated", 8),
        ("sum(n_quarantined) FROM mart_source_health", 2),
    ],
)
def test_planted_figures(demo: Run, query: str, expected: int) -> None:
    assert demo.one(f"SELECT {query}") == expected


@pytest.mark.parametrize(
    ("blind_spot", "source", "affected"),
    [
        ("BS03", "demo_telephony", 10),
        ("BS08", "demo_telephony", 8),
        ("BS10", "demo_telephony", 40),
        ("BS13", "demo_telephony", 69),
        ("BS25", "demo_telephony", 7),
        ("BS38", "demo_telephony", 6),
    ],
)
def test_planted_blind_spots(demo: Run, blind_spot: str, source: str, affected: int) -> None:
    found = demo.rows(
        f"SELECT affected_n, status FROM mart_blind_spot WHERE blind_spot_id = '{blind_spot}' "
        f"AND source_instance = '{source}' AND scope_type = 'source' AND window_type = 'span'"
    )
    assert found == [(affected, "warn")]


def test_the_story(demo: Run) -> None:
    """Four contacts, two misroutes, a case closed by timer, an angry e-mail, a late escalation."""
    journey = demo.one("SELECT journey_id FROM mart_case WHERE case_id = 'CS-20511'")
    row = demo.rows(
        "SELECT n_contacts, is_escalated, is_qa_covered_before, reason, escalation_type "
        f"FROM mart_journey WHERE journey_id = '{journey}'"
    )[0]
    assert row[:4] == (5, True, False, "integration_error")
    events = [
        event
        for (event,) in demo.rows(
            f"SELECT event_type FROM mart_journey_event WHERE journey_id = '{journey}' ORDER BY event_seq"
        )
    ]
    assert events.count("contact") == 5
    assert "handoff" in events
    assert events.count("escalation") == 1
    last_contact, escalation = (
        max(i for i, e in enumerate(events) if e == kind) for kind in ("contact", "escalation")
    )
    assert last_contact < escalation


def test_every_registered_blind_spot_has_an_answer_for_every_source(demo: Run) -> None:
    counts = demo.rows(
        "SELECT source_instance, count(DISTINCT blind_spot_id) FROM mart_blind_spot "
        "WHERE scope_type = 'source' AND window_type = 'span' GROUP BY 1"
    )
    assert {count for _, count in counts} == {50}
    silent = demo.one(
        "SELECT count(*) FROM mart_blind_spot AS b JOIN blind_spots AS r USING (blind_spot_id) "
        "WHERE r.is_implemented AND b.status = 'not_assessed' AND b.scope_type = 'source'"
    )
    assert silent == 0


def test_nothing_private_is_published(demo: Run) -> None:
    """Neither a customer's id, nor a phone number, nor a masked-out value leaves the building."""
    published = [path for path in demo.home.joinpath("published").resolve().rglob("*") if path.is_file()]
    assert len(published) > 10
    with duckdb.connect(str(demo.marts), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        for table in tables:
            text = f'SELECT count(*) FROM (SELECT CAST(t AS VARCHAR) AS row FROM "{table}" AS t) '
            pattern = r"WHERE regexp_matches(row, '\bA-\d{2,4}\b|202[- ]?555|\+1202555')"
            assert connection.execute(text + pattern).fetchall() == [(0,)], table


def test_every_published_table_and_column_has_a_comment(demo: Run) -> None:
    bare = demo.rows(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal "
        "UNION ALL SELECT table_name, NULL FROM duckdb_tables() WHERE comment IS NULL"
    )
    assert bare == []


def test_a_publication_says_what_it_is(demo: Run) -> None:
    about = json.loads((demo.home / "published" / "publication.json").read_text(encoding="utf-8"))
    newest = demo.one("SELECT max(as_of_at) FROM mart_source_span")
    expected = (about["publication_id"], newest, about["code_version"])
    assert demo.rows("SELECT publication_id, as_of_at, code_version FROM publication") == [expected]
    assert about["publication_id"] == demo.home.joinpath("published").resolve().name
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{16}", about["code_version"])
    assert set(about["blind_spots"]) == {f"BS{n:02d}" for n in range(1, 51)}


def test_the_published_file_opens_with_older_clients(demo: Run) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{demo.marts}' AS marts (READ_ONLY)")
        tags = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'marts'"
        ).fetchall()
    assert "v1.0.0" in str(tags)


def test_a_second_run_finds_nothing_new(demo: Run, demo_home: Path) -> None:
    before = (demo_home / "state" / "manifest.jsonl").read_bytes()
    again = run(DEMO / "sources", DEMO / "exports", demo_home)
    assert again.code == 0
    assert "Nothing new was delivered; the last publication stands." in again.output
    publication = demo_home.joinpath("published").resolve().name
    assert f"Published {publication}" in demo.output
    assert f"Unchanged {publication}" in again.output
    assert "Published" not in again.output
    assert (demo_home / "state" / "manifest.jsonl").read_bytes() == before


def test_everything_written_lies_under_the_home(demo: Run) -> None:
    assert {path.name for path in demo.home.iterdir()} <= {
        "raw", "quarantine", "state", "dagster", "gx", "dbt", "logs", "tmp",
        "warehouse.duckdb", "publications", "published",
    }  # fmt: skip
    assert (demo.home / "gx" / "gx" / "uncommitted" / "data_docs" / "local_site" / "index.html").exists()
