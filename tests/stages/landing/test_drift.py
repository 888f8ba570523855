"""Exports change: new columns are kept, retyped ones cost rows, lost ones the file; replacement is reported."""

import json
from pathlib import Path

import pytest

from orchestration.landing import pipeline
from tests.stages.place import CASES, Place, cases, csv_text

NEW = "id,opened,status,segment"


def test_clean_files_have_no_column_for_new_ones(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2)))
    place.land_one()
    assert "_extra" not in place.columns()
    assert place.exposed("SELECT DISTINCT _extra FROM raw_mapped.cases") == [(None,)]


def test_a_new_column_is_kept_and_reported(place: Place) -> None:
    place.source(nulls=["-"]).put("a.csv", csv_text(*cases(1)))
    place.land()
    place.put(
        "b.csv", csv_text(("C7", "2025-01-01", "open", "gold"), ("C8", "2025-01-01", "x", "-"), header=NEW)
    )
    assert place.land_one().columns_extra == ("segment",)
    assert place.exposed("SELECT case_id, _extra FROM raw_mapped.cases ORDER BY 1") == [
        ("C0", None),
        ("C7", '{"segment":"gold"}'),
        ("C8", None),
    ]


def test_known_columns_are_left_out_and_the_rest_where_the_source_says_so(place: Place) -> None:
    content = csv_text(("C7", "2025-01-01", "open", "gold"), header=NEW)
    place.source(ignore_columns=["Segment"]).put("a.csv", content)
    assert place.land_one().columns_extra == ()
    assert "_extra" not in place.columns()
    place.source(keep_unmapped=False)
    assert place.land_one().columns_extra == ("segment",)
    assert "_extra" not in place.columns()


def test_a_column_that_is_mapped_later_moves_into_its_field(place: Place) -> None:
    place.source().put("a.csv", csv_text(("C7", "2025-01-01", "open", "gold"), header=NEW))
    place.land()
    place.source({"cases": CASES | {"priority": "segment"}}).land_one()
    assert place.exposed("SELECT priority, _extra FROM raw_mapped.cases") == [("gold", None)]


def test_several_feeds_keep_a_record_once_with_the_one_of_every_record(place: Place) -> None:
    note = {"note_id": "id", "case_id": "id", "created_at": "opened", "where": "status = 'open'"}
    place.source({"notes": note, "cases": CASES})
    place.put("a.csv", csv_text(("C7", "2025-01-01", "open", "gold"), header=NEW)).stat()
    place.land_one()
    assert place.rows("_extra") == ['{"segment":"gold"}']
    assert "_extra" not in place.columns("notes")


def test_a_key_that_comes_late_is_kept(place: Place) -> None:
    records = [{"id": f"C{i}", "opened": "2025-01-01", "status": "x"} for i in range(30_000)]
    records[-1]["late"] = "yes"
    place.source(format="jsonl").put("a.jsonl", "".join(json.dumps(one) + "\n" for one in records))
    assert place.land_one().columns_extra == ("late",)
    assert place.exposed("SELECT case_id, _extra FROM raw_mapped.cases WHERE _extra IS NOT NULL") == [
        ("C29999", '{"late":"yes"}')
    ]


def test_compaction_keeps_new_columns(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "BATCH_FILES", 1)
    monkeypatch.setattr(pipeline.compaction, "MAX_SMALL_PARTS", 1)
    place.source().put("a.csv", csv_text(*cases(3)))
    place.put("b.csv", csv_text(("C7", "2025-01-01", "open", "gold"), header=NEW))
    place.land()
    assert len(place.manifest.parts()) == 1
    assert sorted(place.rows("case_id", "_extra"), key=str) == [
        ("C0", None),
        ("C1", None),
        ("C2", None),
        ("C7", '{"segment":"gold"}'),
    ]


def test_a_retyped_column_costs_its_rows_and_shows_in_the_counts(place: Place) -> None:
    mapped = CASES | {"vendor_reopen_count": "n"}
    place.source({"cases": mapped}).put(
        "a.csv", "id,opened,status,n\nC1,2025-01-01,x,1\nC2,2025-01-01,x,two\n"
    )
    place.land_one()
    assert place.faults() == [(3, "vendor_reopen_count", "cannot be read as a whole number", "xxx")]
    assert place.exposed("SELECT n_read, n_landed, n_quarantined FROM raw_faultline.deliveries") == [
        (2, 1, 1)
    ]


def test_a_lost_required_column_sets_the_file_aside_and_keeps_the_last_good_rows(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2)))
    place.land_one()
    place.put("a.csv", "id,status\nC9,open\n")
    assert "column 'opened' is missing" in place.refused()
    assert len(place.exposed("FROM raw_mapped.cases")) == 2
    assert place.exposed("SELECT status FROM raw_faultline.deliveries") == [("quarantined",)]


def test_a_file_delivered_again_replaces_its_part_and_both_digests_are_reported(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    first = place.land_one()
    assert place.manifest.replaced([first]) == []
    place.put("a.csv", csv_text(*cases(5, start=10)))
    second = place.land_one()
    assert second.supersedes == first.delivery_id
    assert place.manifest.replaced([second]) == [(first, second)]
    assert first.digest != second.digest
    assert place.exposed("SELECT case_id FROM raw_mapped.cases ORDER BY 1") == [
        (f"C{i}",) for i in range(10, 15)
    ]
    assert place.exposed("SELECT digest, file_set FROM raw_faultline.deliveries") == [
        (second.digest, "cases")
    ]


def test_the_same_content_under_a_new_date_is_not_reported_as_replaced(place: Place) -> None:
    path = place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    touch(path)
    assert place.manifest.replaced([place.land_one()]) == []


def touch(path: Path) -> None:
    """Gives a file another time."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def test_a_hundred_daily_deliveries_leave_few_parts_and_the_same_rows(place: Place) -> None:
    place.source()
    for day in range(100):
        place.put(f"{day:03d}.csv", csv_text(*cases(2, start=2 * day)))
        place.land()
        assert len(place.manifest.parts()) <= pipeline.compaction.MAX_SMALL_PARTS
    found = place.exposed("SELECT case_id, _source_file FROM raw_mapped.cases")
    assert sorted(found) == sorted((f"C{i}", f"{i // 2:03d}.csv") for i in range(200))


def test_a_landing_names_each_setting_with_an_old_name_and_its_line(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """The next version refuses the old name; a source file that runs unattended gets no other notice."""
    place.source(known=["Segment"]).put("a.csv", csv_text(("C7", "2025-01-01", "open", "gold"), header=NEW))
    assert place.land_one().columns_extra == ()
    notice = f"{place.yaml}:6: the setting 'known' is called 'ignore_columns' now."
    assert [one for one in caplog.messages if one.startswith(notice)], caplog.messages
