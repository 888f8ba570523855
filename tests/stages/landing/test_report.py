"""What a run reports of a landing: what did not fit, where and why, and how the exports changed."""

import io
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration import cli
from orchestration.base import progress
from orchestration.base.text import one_line
from orchestration.landing import report
from orchestration.sources import source_files
from tests.stages.place import CASES, Place, cases, csv_text

BAD = ("C", "never", "open")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path).source()


def faults(place: Place) -> list[report.Note]:
    return list(report.faults(place.land().deliveries, place.manifest, place.home))


def changes(place: Place) -> list[str]:
    deliveries = place.land().deliveries
    return [note.text for note in report.changes(deliveries, place.manifest.replaced(deliveries))]


def test_figures_count_one_as_one(place: Place) -> None:
    place.put("a.csv", csv_text(*cases(1), BAD))
    printed = report.figures(place.land().deliveries, 1.0)
    assert printed.startswith("Landed 1 row from 1 new file (")
    assert printed.endswith("; 1 row quarantined.")


def test_quarantined_rows_are_reported_with_file_share_reason_and_first_line(place: Place) -> None:
    place.put("a.csv", csv_text(*cases(8), BAD, BAD, ("", "2025-01-01", "open")) + "too,few\n")
    note, everywhere = faults(place)
    assert note.text == "a.csv: 4 of 12 rows quarantined (33%)."
    assert note.is_warning
    assert note.details == (
        "cases.opened_at cannot be read as a date and time such as 'xxxxx' (masked); 2 rows, first at line 10.",
        "cases: 2 columns where the header has 3; 1 row, first at line 13.",
        "cases.case_id is missing; 1 row, first at line 12.",
    )
    assert everywhere.text == f"Each of these rows, with line and reason: {place.home.quarantine}/*/*.parquet"


def test_a_column_that_nobody_maps_is_reported_when_it_first_comes(place: Place) -> None:
    """Otherwise every delivery of every day says the same."""
    place.source(glob="*.csv")
    place.put("a.csv", csv_text(("C1", "2025-01-01", "open", "x"), header="id,opened,status,extra"))
    assert changes(place) == ["crm/cases has columns that no mapping reads: extra."]
    earlier = list(place.manifest.deliveries)
    place.put("b.csv", csv_text(("C2", "2025-01-01", "open", "x", "y"), header="id,opened,status,extra,more"))
    notes = report.changes(place.land().deliveries, [], earlier)
    assert [note.text for note in notes] == ["crm/cases has columns that no mapping reads: more."]


def test_a_few_bad_rows_are_no_warning(place: Place) -> None:
    place.put("a.csv", csv_text(*cases(40), BAD))
    assert [note.is_warning for note in faults(place)] == [False, False]


def test_placeholders_are_counted_by_field_over_the_files_of_a_set(place: Place) -> None:
    """Otherwise nobody learns that a column of stamps holds none."""
    place.source({"cases": {**CASES, "closed_at": "status"}})
    place.put("a.csv", csv_text(("C1", "2025-01-01", "0000-00-00"), ("C2", "2025-01-01", "")))
    place.put("b.csv", csv_text(("C3", "2025-01-01", "1970-01-01"), ("C4", "2025-01-01", "")))
    assert changes(place) == [
        "crm/cases: cases.closed_at holds a placeholder in 2 of 4 rows (50%), such as 1970-01-01; they land without it."
    ]


def test_nothing_is_reported_where_all_rows_fit(place: Place) -> None:
    place.put("a.csv", csv_text(*cases(4)))
    assert faults(place) == []
    assert changes(place) == []


def test_many_files_and_reasons_take_few_lines(place: Place) -> None:
    fields = {f"vendor_{name}_count": name for name in ("reopen", "reassignment")} | {"closed_at": "closed"}
    place.source({"cases": CASES | fields})
    header, row = "id,opened,status,reopen,reassignment,closed", ("C", "x", "x", "x", "x", "x")
    for i in range(8):
        place.put(f"{i}.csv", csv_text(*[row] * (i + 1), ("C", "2025-01-01", "", "", "", ""), header=header))
    *notes, more, _ = faults(place)
    assert [note.text.split(":")[0] for note in notes] == ["7.csv", "6.csv", "5.csv", "4.csv", "3.csv"]
    assert len(notes[0].details) == 4
    assert notes[0].details[-1] == "and 1 more reason."
    assert more.text == "3 more files with 6 rows in quarantine."


def test_a_whole_file_is_a_warning_and_no_row(place: Place) -> None:
    place.put("a.csv", "id,status\nC,open\n")
    (note,) = faults(place)
    assert note.is_warning
    assert note.text.startswith("Quarantined a.csv: column 'opened' is missing")


def test_an_optional_column_missing_from_newer_files_is_reported(place: Place) -> None:
    place.put("a.csv", csv_text(*cases(2)))
    assert changes(place) == []
    for name in ("b.csv", "c.csv"):
        place.put(name, "id,opened\nC,2025-01-01\n")
    assert changes(place) == [
        "crm/cases lacks columns that the mapping reads: status. "
        "The rows of b.csv and 1 more file landed without them."
    ]


def test_a_file_delivered_again_is_reported_with_short_digests_and_rows(place: Place) -> None:
    place.put("a.csv", csv_text(*cases(3)))
    first = place.land_one().digest
    place.put("a.csv", csv_text(*cases(1)))
    (note,) = changes(place)
    second = place.manifest.deliveries[-1].digest
    assert note == f"a.csv was delivered again: 3 rows became 1, digest {first[:12]} became {second[:12]}."


def test_a_warning_is_highlighted_and_nothing_unprintable_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with cli._progress_display(is_debugging=True):
        progress.warn("a\x1b[2J\x07.csv [red]")
        progress.say("b.csv")
    assert screen.getvalue() == "  \x1b[33mWarning: \x1b[0ma [2J .csv [red]\n  b.csv\n"


CALLS = {"contact_id": "id", "channel": "'voice'", "started_at": "opened"}


def remaining(place: Place) -> list[tuple[str, bool]]:
    deliveries = place.land().deliveries
    place.exposed("SELECT 1")
    with duckdb.connect(str(place.home.warehouse), read_only=True) as connection:
        notes = report.remaining(connection, [source_files.load(place.yaml)], deliveries)
        return [(note.text, note.is_warning) for note in notes]


def test_rows_lost_to_deduplication_are_reported_where_more_are_lost_than_came_again(place: Place) -> None:
    """Half of all calls were gone, and the run reported none."""
    place.source({"contacts": CALLS})
    rows = [(f"{i % 3}", f"2025-01-01 10:0{i}:00", "") for i in range(6)]
    place.put("a.csv", csv_text(*rows))
    text = (
        "crm: 3 of 6 rows of contacts remain after deduplication: 3 rows share contact_id with rows of another "
        "started_at. Map another key, or make one; faultline sources check shows how."
    )
    assert remaining(place) == [(text, True)]
    place.source({"contacts": {**CALLS, "keep": "last"}})
    text = "crm: 3 of 6 rows of contacts remain after deduplication: the last of each contact_id counts."
    assert remaining(place) == [(text, False)]


def test_ids_that_start_anew_with_every_file_are_reported(place: Place) -> None:
    place.source({"contacts": CALLS})
    place.put("a.csv", csv_text(("1", "2025-01-01", "")))
    assert remaining(place) == []
    place.put("b.csv", csv_text(("1", "2025-01-02", "")))
    assert [text.partition(" after")[0] for text, _ in remaining(place)] == [
        "crm: 1 of 2 rows of contacts remain"
    ]


def test_rows_that_came_again_in_a_later_file_are_not_reported(place: Place) -> None:
    place.source({"contacts": CALLS})
    place.put("a.csv", csv_text(("1", "2025-01-01", ""), ("2", "2025-01-01", "")))
    place.put("b.csv", csv_text(("1", "2025-01-01", ""), ("2", "2025-01-01", "")))
    assert remaining(place) == []


def test_rows_that_repeat_in_their_file_are_reported_also_without_a_date(place: Place) -> None:
    place.source({"agents": {"agent_id": "id", "role": "status"}})
    place.put("a.csv", csv_text(("1", "2025-01-01", "x"), ("1", "2025-01-02", "x")))
    text = "crm: 1 of 2 rows of agents remain after deduplication: the others repeat agent_id and valid_from within"
    assert [note.startswith(text) for note, _ in remaining(place)] == [True]


def test_files_that_are_left_out_are_named_by_reason_and_whole(place: Place) -> None:
    """Without it, the reason would end in the middle of a word, or a line would be printed for each file."""
    long = "a folder with a long name/and another one/one more folder below that one/README.txt"
    place.source(glob="**/*").put(long, "nothing")
    place.put("picture.bin", b"\x89PNG and so on")
    place.put("README.md", "read me")
    place.put("a.csv", csv_text(*cases(1)))
    assert [note.text for note in report.ignored(place.land().ignored)] == [
        f"Ignored 2 files without rows (no export by its name): README.md, {long}.",
        "Ignored 1 file without rows (a picture): picture.bin.",
    ]
    files = [(f"{i}.csv", "it needs more memory") for i in range(7)] + [("z", "it disappeared")]
    assert [note.text for note in report.postponed(files)] == [
        "Left for the next run: 0.csv, 1.csv, 2.csv, 3.csv, 4.csv and 2 more. The reason: it needs more memory.",
        "Left for the next run: z. The reason: it disappeared.",
    ]


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("no export by its name", 20, "no export by its…"),
        ("no export by its name", 17, "no export by its…"),
        ("a " + "x" * 30, 20, "a " + "x" * 17 + "…"),
    ],
)
def test_long_texts_end_after_a_word(text: str, limit: int, shown: str) -> None:
    assert one_line(text, limit) == shown
    assert len(shown) <= limit
