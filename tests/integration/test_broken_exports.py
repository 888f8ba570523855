"""Broken and hostile exports: each is landed, filtered or quarantined with its reason, none is lost or believed."""

import gzip
import io
import json
import os
import resource
import struct
import subprocess
import sys
import time
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.landing import archives
from tests.stages.place import CASES, SALT, Place, cases, csv_text

SOUND = csv_text(*cases(50)).encode()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "place")


def jsonl(*records: object) -> str:
    return "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


# ---------------------------------------------------------------- archives


def before_its_begin(packed: bytes) -> bytes:
    """A zip whose directory seems to begin a byte late, so that its first member begins before the file."""
    return packed[:-6] + struct.pack("<I", struct.unpack("<I", packed[-6:-2])[0] + 1) + packed[-2:]


def wrong_checksum(packed: bytes) -> bytes:
    return packed[:-8] + struct.pack("<I", 12345) + packed[-4:]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.csv.gz", gzip.compress(SOUND)[:-20]),
        ("cut in the middle.csv.gz", gzip.compress(SOUND)[:200]),
        ("only a header.csv.gz", gzip.compress(SOUND)[:10]),
        ("wrong checksum.csv.gz", wrong_checksum(gzip.compress(SOUND))),
        ("wrong size.csv.gz", gzip.compress(SOUND)[:-4] + b"\1\0\0\0"),
        ("rubbish after it.csv.gz", gzip.compress(SOUND) + b"rubbish"),
        ("not packed.csv.gz", SOUND),
        ("empty.csv.gz", b""),
        ("not packed.zip", SOUND),
        ("empty.zip", b""),
        ("cut.zip", zipped({"a.csv": SOUND})[:-30]),
        ("astray.zip", before_its_begin(zipped({"a.csv": SOUND}))),
    ],
)
def test_damaged_archives_land_nothing(place: Place, name: str, content: bytes) -> None:
    """DuckDB itself would read the first rows of most of them, and accept a wrong checksum."""
    place.source().put(name, content)
    reason = place.refused()
    assert reason == "the file is empty" or reason.startswith("damaged archive (")
    assert place.exposed("FROM raw_mapped.cases") == []


def test_a_wrong_checksum_inside_a_zip_costs_its_member_only(place: Place) -> None:
    content = bytearray(zipped({"a.csv": SOUND, "b.csv": SOUND}, zipfile.ZIP_STORED))
    content[content.find(b"C7,")] = ord("X")
    place.source().put("a.zip", bytes(content))
    found = {d.file: (d.status, d.reason) for d in place.land().deliveries}
    assert found["a.zip!b.csv"] == ("landed", "")
    assert found["a.zip!a.csv"][0] == "quarantined"
    assert "Bad CRC-32" in found["a.zip!a.csv"][1]
    assert len(place.rows("case_id")) == 50


def test_members_are_named_but_never_written_by_their_name(place: Place) -> None:
    members = {
        "../evil.csv": SOUND,
        "/absolute.csv": SOUND,
        "..\\windows.csv": SOUND,
        "a/../../up.csv": SOUND,
    }
    place.source().put("a.zip", zipped(members))
    before = {path for path in place.root.parent.rglob("*") if "home" not in path.parts}
    assert all(d.is_landed for d in place.land().deliveries)
    assert set(place.rows("_source_file")) == {f"a.zip!{name}" for name in members}
    assert {path for path in place.root.parent.rglob("*") if "home" not in path.parts} == before
    assert not Path("/absolute.csv").exists()
    written = {
        path.relative_to(place.home.root).parts[0] for path in place.home.root.rglob("*") if path.is_file()
    }
    assert written == {"raw", "state"}


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_bombs_are_defused(place: Place, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MIN_BOMB_BYTES", 5_000_000)
    blown = b"id,opened,status\n" + b"0" * 60_000_000
    place.source().put(f"bomb.{kind}", gzip.compress(blown) if kind == "gz" else zipped({"a.csv": blown}))
    assert place.refused() == "unpacks to more than 300 times its size; deliver it unpacked"
    assert sum(path.stat().st_size for path in place.home.root.rglob("*") if path.is_file()) < 100_000


def test_archives_that_hold_nothing_or_the_same_twice(place: Place) -> None:
    place.source().put("empty.zip", zipped({}))
    assert place.refused() == "the archive holds no file"
    (place.exports / "empty.zip").unlink()
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a.csv", SOUND)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.csv", SOUND[:100])
    place.put("twice.zip", twice.getvalue())
    assert place.land_one().reason == "the archive holds two files of one name; pack it again"


def test_encrypted_and_strangely_packed_members(place: Place) -> None:
    content = bytearray(zipped({"a.csv": SOUND}))
    for at in (content.find(b"PK\3\4") + 6, content.find(b"PK\1\2") + 8):
        content[at] |= 1  # says that it is encrypted
    place.source().put("locked.zip", bytes(content))
    assert "encrypted" in place.refused()
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        packed = bytearray(zipped({"a.csv": SOUND * 20}, method))
        packed[len(packed) // 2] ^= 0xFF
        place.put(f"broken{method}.zip", bytes(packed))
    assert all(d.reason.startswith("damaged archive (") for d in place.land().deliveries)


# ---------------------------------------------------------------- places


def test_a_link_out_of_the_folder_is_not_followed(place: Place) -> None:
    outside = place.root / "outside.csv"
    outside.write_bytes(SOUND)
    place.source()
    (place.exports / "link.csv").symlink_to(outside)
    assert place.refused() == "a link that leads out of the exports folder; deliver the file itself"
    assert place.manifest.deliveries[0].digest == ""


def test_a_linked_folder_is_not_followed(place: Place) -> None:
    (place.root / "outside").mkdir()
    (place.root / "outside" / "a.csv").write_bytes(SOUND)
    (place.exports / "crm").symlink_to(place.root / "outside", target_is_directory=True)
    place.source(glob="crm/*.csv")
    assert "leads out of the exports folder" in place.refused()


def test_a_name_that_is_no_text(place: Place) -> None:
    place.source()
    Path(os.fsdecode(bytes(place.exports) + b"/caf\xe9.csv")).write_bytes(SOUND)
    place.put("fine.csv", SOUND)
    found = {d.file: d.reason for d in place.land().deliveries}
    assert found == {"caf\\xe9.csv": "its name is not UTF-8; rename it", "fine.csv": ""}
    assert len(place.exposed("FROM raw_mapped.cases")) == 50


# ---------------------------------------------------------------- columns


def test_a_wrong_delimiter_names_the_column_that_is_not_found(place: Place) -> None:
    place.source(delimiter=";").put("a.csv", SOUND)
    assert place.refused() == (
        "column 'id' is missing, which cases.case_id needs (1 columns found); correct the delimiter or the mapping"
    )


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_a_required_column_that_is_gone_stops_the_file(place: Place, kind: str) -> None:
    records = [{"number": "C1", "opened": "2025-01-01", "status": "x"}]
    content = {
        "csv": "number,opened,status\nC1,2025-01-01,x\n",
        "jsonl": jsonl(*records),
        "json": json.dumps(records),
        "parquet": "",
    }[kind]
    path = place.source(format=kind).put(f"a.{kind}", content)
    if kind == "parquet":
        import duckdb

        duckdb.sql(
            f"COPY (SELECT 'C1' AS number, '2025-01-01' AS opened, 'x' AS status) TO '{path}' (FORMAT parquet)"
        )
    assert place.refused().startswith("column 'id' is missing, which cases.case_id needs (3 columns found)")


def test_a_column_that_the_filter_needs_stops_the_file(place: Place) -> None:
    """Without it the filter is NULL and would leave out every row, without a word."""
    place.source({"cases": CASES | {"where": "kind = 'case'"}}).put("a.csv", SOUND)
    assert place.refused().startswith("column 'kind' is missing, which cases.where needs")


def test_an_optional_column_that_is_gone_is_null_and_reported(place: Place) -> None:
    """Of columns of which the first that is filled is taken, one is enough."""
    fields = {"reason": "why", "product": "upper(goods)", "owner_id": "coalesce(owner, status)"}
    place.source({"cases": CASES | fields}).put("a.csv", SOUND)
    delivery = place.land_one()
    assert delivery.columns_missing == ("goods", "why")
    assert place.rows("reason", "product", "owner_id") == [(None, None, "open")] * 50


def test_a_key_that_json_lines_show_late_is_not_missing(place: Place) -> None:
    """Keys are learnt from the first objects; one that comes later must not be lost for it."""
    early = [{"id": f"C{i}", "opened": "2025-01-01"} for i in range(25_000)]
    place.source(format="jsonl").put(
        "a.jsonl", jsonl(*early, {"id": "C", "opened": "2025-01-01", "status": "late"})
    )
    assert place.land_one().columns_missing == ()
    assert [s for s in place.rows("status") if s] == ["late"]


def test_columns_nobody_asked_for_are_reported(place: Place) -> None:
    place.source().put("a.csv", "id,opened,Extra,status,id 2\nC1,2025-01-01,a,b,c\n")
    assert place.land_one().columns_extra == ("Extra", "id 2")
    assert "Extra" not in place.columns()


def test_case_and_blanks_of_headers_do_not_matter(place: Place) -> None:
    place.source().put("a.csv", "\ufeff ID ,OPENED,Status \nC1,2025-01-01,x\n")
    place.put("b.csv", '"Id","Opened","STATUS"\nC2,2025-01-01,y\n')
    place.land()
    assert place.rows("case_id", "status") == [("C1", "x"), ("C2", "y")]


def test_letters_that_the_engine_does_not_fold_are_reported_as_missing(place: Place) -> None:
    place.source({"cases": CASES | {"case_id": "ärger"}}).put(
        "a.csv", "ÄRGER,opened,status\nC1,2025-01-01,x\n"
    )
    assert place.refused().startswith("column 'ärger' is missing, which cases.case_id needs")


def test_headers_written_twice_fill_one_field_unless_they_differ(place: Place) -> None:
    rows = "C1,2025-01-01,first,second,C9,,\n,2025-01-01,first,FIRST,C2,,\nC3,2025-01-01,,third,C3,,\n"
    place.source().put("a.csv", "id,opened,status,Status,ID,,\n" + rows)
    assert place.land_one().columns_extra == ("column5", "column6")
    assert place.rows("case_id", "status") == [("C3", "third")]
    assert set(place.bad_lines()) == {2, 3}


def test_a_very_wide_header(place: Place) -> None:
    header = ["id", "opened", "status", *(f"c{i}" for i in range(3_000))]
    row = ["C1", "2025-01-01", "x", *("y" * 3_000)]
    place.source().put("a.csv", f"{','.join(header)}\n{','.join(row)}\n")
    delivery = place.land_one()
    assert (delivery.n_read, len(delivery.columns_extra)) == (1, 3_000)


def test_an_expression_that_does_not_fit_the_columns(place: Place) -> None:
    place.source({"cases": CASES | {"status": "list_sum(status)"}}).put("a.csv", SOUND)
    assert place.refused().startswith("cases: the mapping does not fit: Binder Error: ")


# ---------------------------------------------------------------- empty


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_an_empty_file_is_no_delivery(place: Place, kind: str) -> None:
    place.source(format=kind).put("a", b"")
    assert place.refused() == "the file is empty"


def test_files_with_columns_and_no_rows_are_deliveries(place: Place) -> None:
    place.source(glob="*.csv").put("a.csv", "id,opened,status\n")
    place.put("b.csv", "id,opened,status")
    place.put("c.csv", "id,opened,status\r\n\r\n\r\n")
    assert [(d.status, d.n_read) for d in place.land().deliveries] == [("landed", 0)] * 3
    place.source(glob="*.json", format="json").put("a.json", " [ ]\n")
    assert (place.land_one().status, place.rows("case_id")) == ("landed", [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\n\n\n", "the file has no header line"),
        (b"i\0d\0,\0o\0", "the header line is no text in the declared encoding; correct `encoding`"),
        (b"id,\xff\xfe\nC1,x\n", "the header line is no text in the declared encoding; correct `encoding`"),
        (b"PK\3\4\x14\0\0\0\x08\0", "an Excel workbook or another archive, no text; a workbook needs `format: xlsx`"),
    ],
)  # fmt: skip
def test_what_has_no_header(place: Place, content: str | bytes, reason: str) -> None:
    place.source().put("a.csv", content)
    assert place.refused() == reason


def test_a_header_of_one_long_name_has_missing_columns(place: Place) -> None:
    place.source().put("a.csv", '"' + "x" * 200_000)
    assert place.refused().startswith("column 'id' is missing")


def test_an_empty_list_in_the_place_of_lines_is_a_delivery_without_rows(place: Place) -> None:
    place.source(format="jsonl").put("a.jsonl", "[]\n")
    delivery = place.land_one()
    assert (delivery.status, delivery.n_landed, place.rows("case_id")) == ("landed", 0, [])


@pytest.mark.parametrize("content", ["\n \n", "{\n", "<html>\n", '"text"\n', "1\n2\n", "null\n"])
def test_json_lines_without_an_object(place: Place, content: str) -> None:
    place.source(format="jsonl").put("a.jsonl", content)
    assert place.refused() == "no line holds a JSON object; correct `format`"


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_line_of_fifty_megabytes(place: Place, kind: str) -> None:
    header, sound = (
        ("id,opened,status\n", "C1,2025-01-01,x\n")
        if kind == "csv"
        else ("", jsonl({"id": "C1", "opened": "2025-01-01"}))
    )
    with place.put("a", header + sound).open("a") as file:
        file.write("C2,2025-01-01," if kind == "csv" else '{"id": "C2", "opened": "2025-01-01", "status": "')
        for _ in range(50):
            file.write("x" * 1_000_000)
        file.write("\n" if kind == "csv" else '"}\n')
        file.write(sound.replace("C1", "C3"))
    assert place.source(format=kind).land_one().n_read == 3
    assert place.rows("case_id") == ["C1", "C3"]
    assert place.bad_lines() == {3 if kind == "csv" else 2: "line longer than 2,000,000 bytes"}


@pytest.mark.parametrize("feeds", [
    {"cases": CASES},
    {"cases": {**CASES, "where": "id <> 'C3'"}},
    {"cases": {"case_id": "id", "opened_at": "opened"}},
    {"cases": {"case_id": "id", "opened_at": "opened"}, "notes": {"note_id": "id", "case_id": "status", "created_at": "opened"}},
])  # fmt: skip
def test_invalid_utf_8_in_one_line(place: Place, feeds: dict[str, dict[str, str]]) -> None:
    """DuckDB looks only at the columns it is asked for, and drops the line from those that see the damage."""
    place.source(feeds).put(
        "a.csv", SOUND.replace(b"C7,2025-01-08 10:00:00,open", b"C7,2025-01-08 10:00:00,\xff")
    )
    delivery = place.land_one()
    assert (delivery.n_read, delivery.n_damaged) == (50, 1)
    assert place.bad_lines() == {9: "no text in the declared encoding"}
    assert len(place.rows("case_id")) == 49 - ("where" in feeds["cases"])


@pytest.mark.parametrize("quote", ['"x"y', '"', 'a"b', '"a""', '"x""y" z'])
def test_a_stray_quote_costs_its_line_and_not_the_file(place: Place, quote: str) -> None:
    rows = [
        (i, d, '"several\nlines, ""quoted"""' if n % 10 == 3 else "x")
        for n, (i, d, _) in enumerate(cases(20_000))
    ]
    rows[10_000] = ("C10000", "2025-01-01", quote)
    place.source().put("a.csv", csv_text(*rows))
    delivery = place.land_one()
    found = set(place.rows("case_id"))
    assert delivery.n_read == 20_000
    if quote == 'a"b':  # in the middle of a value it is a character like any other
        assert (len(found), place.faults()) == (20_000, [])
    else:
        assert {f"C{i}" for i in range(20_000)} - found == {"C10000"}
        assert list(place.bad_lines()) == [10_002 + 1_000]


def test_a_row_with_too_many_columns_is_not_shifted(place: Place) -> None:
    """DuckDB takes a row with a column too many, when that is empty: here a text with a bare comma."""
    place.source().put(
        "a.csv",
        "id,opened,status\nC1,2025-01-01,a\nC2,2025-01-01,b,\nC3,2025-01-01,c,d\nC4,2025-01-01\n\nC5,,,\n",
    )
    assert place.land_one().n_read == 5
    assert place.bad_lines() == {
        3: "4 columns where the header has 3",
        4: "4 columns where the header has 3",
        5: "2 columns where the header has 3",
        7: "4 columns where the header has 3",
    }
    assert place.rows("case_id") == ["C1"]


def test_a_column_too_many_is_noticed_beside_texts_with_commas(place: Place) -> None:
    place.source().put(
        "a.csv", 'id,opened,status\nC1,2025-01-01,"a, b"\nC2,2025-01-01,"c",\nC3,2025-01-01,"d,"\n'
    )
    place.land_one()
    assert place.rows("case_id", "status") == [("C1", "a, b"), ("C3", "d,")]
    assert place.bad_lines() == {3: "4 columns where the header has 3"}


def test_quotes_that_stay_open_line_after_line_cost_no_night(place: Place) -> None:
    """DuckDB would take minutes for this megabyte and hours for three of them."""
    place.source().put("a.csv", "id,opened,status\n" + 'x",2025-01-01,"y\n' * 60_000)
    started = time.monotonic()
    assert place.refused() == "too many quotes never close; correct `quote`"
    assert time.monotonic() - started < 20


def test_nul_bytes_cost_their_line(place: Place) -> None:
    place.source().put("a.csv", SOUND.replace(b"C7,", b"C\x007,") + b"\0" * 5000 + b"\n")
    assert place.land_one().n_read == 51
    assert place.bad_lines() == dict.fromkeys([9, 52], "holds a NUL byte")


def test_html_and_formulas_are_text(place: Place) -> None:
    texts = [
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "+SUM(1)",
        "'; DROP cases; --",
        "{{ x }}",
        "%s",
        "\\",
    ]
    place.source().put("a.csv", csv_text(*[(f"C{i}", "2025-01-01", text) for i, text in enumerate(texts)]))
    place.land_one()
    assert place.rows("status") == texts


def test_a_page_instead_of_an_export(place: Place) -> None:
    place.source().put("a.csv", "<!DOCTYPE html>\n<html><body>Session expired</body></html>\n")
    assert "column 'id' is missing" in place.refused()


# ---------------------------------------------------------------- JSON


def test_malformed_json_lines_become_no_rows(place: Place) -> None:
    """Even where every required field has a value without the line's help."""
    sound = {"id": "C1", "opened": "2025-01-01", "status": "x"}
    lines = [
        sound, "{", "{}", '{"id": "C2", "opened": "2025-01-01"', "[1]", "3", "null", '"text"', "",
        '{"id": "C3"} trailing', '{"id": "C4", "id": "C5"}', '{"id": "\\ud800"}', "{'id': 1}", "plain text",
        '{"id": "\x01"}', sound | {"id": "C9"},
    ]  # fmt: skip
    feeds = {
        "cases": {
            "case_id": "coalesce(id, 'made up')",
            "opened_at": "coalesce(opened, '2025-01-01')",
            "status": "status",
        }
    }
    place.source(feeds, format="jsonl").put("a.jsonl", jsonl(*lines))
    assert place.land_one().n_read == len(lines) - 1
    assert place.rows("case_id") == ["C1", "made up", "C9"]
    malformed, no_object = "malformed JSON", "a JSON value that is no object"
    assert place.bad_lines() == {
        2: malformed, 4: malformed, 5: no_object, 6: no_object, 7: no_object, 8: no_object, 10: malformed,
        11: "a JSON key that is written twice", 12: malformed, 13: malformed, 14: malformed, 15: malformed,
    }  # fmt: skip


def test_numbers_that_json_knows_and_no_column_does(place: Place) -> None:
    lines = [
        '{"id": "1", "opened": "2025-01-01", "rate": NaN, "n": 1}',
        '{"id": "2", "opened": "2025-01-01", "rate": -Infinity, "n": 1}',
        '{"id": "3", "opened": "2025-01-01", "rate": 1e400, "n": 1}',
        '{"id": "4", "opened": "2025-01-01", "rate": 1.5, "n": 123456789012345678901234567890}',
        '{"id": "5", "opened": "2025-01-01", "rate": 1.5, "n": 1.5}',
        '{"id": "6", "opened": "2025-01-01", "rate": 1e2, "n": 2.0}',
    ]
    feeds = {
        "queue_intervals": {
            "queue_id": "id",
            "interval_start": "opened",
            "staffed_agents": "rate",
            "offered": "n",
        }
    }
    place.source(feeds, format="jsonl").put("a.jsonl", "\n".join(lines))
    assert place.land_one().n_read == 6
    assert place.rows("queue_id", "staffed_agents", "offered", entity="queue_intervals") == [("6", 100.0, 2)]
    number, whole = "cannot be read as a number", "cannot be read as a whole number"
    assert place.bad_lines() == {1: number, 2: number, 3: number, 4: whole, 5: whole}


@pytest.mark.parametrize("depth", [100, 150, 100_000])
def test_deep_json(place: Place, depth: int) -> None:
    deep = '{"id": "C2", "opened": "2025-01-01", "status": %s}' % ("[" * depth + "]" * depth)
    place.source(format="jsonl").put("a.jsonl", jsonl({"id": "C1", "opened": "2025-01-01"}, deep))
    assert place.land_one().n_read == 2
    assert place.rows("case_id")[0] == "C1"
    place.source(format="json", glob="*.json").put("a.json", f"[{deep}]")
    place.land_one()


@pytest.mark.parametrize(
    "content",
    ['[{"id": "C1", "opened": "2025-01-01"}, {"id": "C2"', '[{"id": "C1", "opened": "2025-01-01"}', "[", "{}", "3",
     '[{"id": "C1"}] more', '{"id": "C1"}\n{"id": "C2"}\n', '[{"id": "C1"}, 7]', "[7]", "null", "\xff\xfe", "<html>"],
)  # fmt: skip
def test_json_arrays_that_are_cut_or_none(place: Place, content: str) -> None:
    place.source(format="json").put("a.json", content.encode("latin-1"))
    reason = place.refused()
    assert reason.startswith(("damaged, or not of the declared format", "column", "the file is empty"))
    assert place.exposed("FROM raw_mapped.cases") == []


def test_faults_of_json_arrays_and_parquet_count_records(place: Place) -> None:
    records = [
        {"id": "C1", "opened": "2025-01-01"},
        None,
        {"id": "C3", "opened": "never"},
        {"opened": "2025-01-01"},
    ]
    place.source(format="json").put("a.json", json.dumps(records, indent=4))
    assert place.land_one().n_read == 4
    assert {(line, column) for line, column, _, _ in place.faults()} == {
        (2, "case_id"), (2, "opened_at"), (3, "opened_at"), (4, "case_id"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", SOUND, b"PAR1\xff\xff\xff\x7fPAR1"]
)
def test_what_is_no_parquet(place: Place, content: bytes) -> None:
    place.source(format="parquet").put("a.parquet", content)
    assert place.refused() == "damaged, or not of the declared format; deliver it again"


# ---------------------------------------------------------------- quarantine


def test_quarantine_shows_the_place_and_the_shape_but_not_the_value(place: Place) -> None:
    feeds = {
        "cases": {
            "case_id": "id",
            "opened_at": "opened",
            "customer_id": "customer",
            "vendor_reopen_count": "n",
            "is_sla_met": "met",
        }
    }
    rows = [
        ("C1", "2025-01-01", "K1", "1", "yes"),
        ("C2", "31.12.2024 Ädam", "K2", "1", "yes"),
        ("C3", "2025-01-01", "K3", "+49 171 5550001", "zq@quokka.example"),
        ("", "2025-01-01", "K4", "1", "yes"),
        ("C5", "2025-01-01", "K5", "x" * 100, "yes"),
        ("C6", "2500-01-01", "K6", "1", "no"),
    ]
    place.source(feeds).put("a.csv", csv_text(*rows, header="id,opened,customer,n,met"))
    assert place.land_one().n_read == 6
    assert place.faults() == [
        (3, "opened_at", "cannot be read as a date and time", "99.99.9999 xxxx"),
        (4, "is_sla_met", "cannot be read as yes or no", "xx@xxxxxx.xxxxxxx"),
        (4, "vendor_reopen_count", "cannot be read as a whole number", "+99 999 9999999"),
        (5, "case_id", "required value is missing", ""),
        (6, "vendor_reopen_count", "cannot be read as a whole number", "x" * 40),
        (7, "opened_at", "dated later than its delivery", "9999-99-99"),
    ]
    written = place.written()
    for secret in ("Ädam".encode(), b"5550001", b"quokka", b"31.12.2024", b"2500-01-01", b"K3", b"K5"):
        assert secret not in written


def test_a_file_that_is_all_faults(place: Place) -> None:
    """A wrong date format in a big file: every row is named, in the time that landing takes."""
    rows = "".join(f"C{i},31/01/2025,x\n" for i in range(200_000))
    place.source().put("a.csv", "id,opened,status\n" + rows)
    started = time.monotonic()
    part = place.land_one().counts[0]
    assert (part.n_landed, part.n_quarantined) == (0, 200_000)
    assert time.monotonic() - started < 30
    lines = [line for line, _, _, _ in place.faults()]
    assert lines == list(range(2, 200_002))


@pytest.mark.parametrize("has_breaks", [False, True])
def test_lines_are_exact_in_big_files(place: Place, has_breaks: bool) -> None:
    """Read by several threads at once, and past the size of any buffer."""
    rows, lines, line = [], {}, 2
    for i in range(150_000):
        is_bad = i % 30_011 == 7
        text = (
            '"a\nb"' if has_breaks and i % 5 == 0 else "some text that fills the line, or so".replace(",", "")
        )
        rows.append(f"C{i},{'never' if is_bad else '2025-01-01 10:00:00'},{text}\n")
        if is_bad:
            lines[line] = "cannot be read as a date and time"
        line += 1 + text.count("\n")
    place.source().put("a.csv", "id,opened,status\n" + "".join(rows))
    assert place.land_one().n_read == 150_000
    assert place.bad_lines() == lines


# ---------------------------------------------------------------- our own trouble


def test_a_full_disk_stops_the_run_and_quarantines_no_file(place: Place) -> None:
    """Quarantine would keep a sound file out for good, because the next run would find it unchanged."""
    rows = "".join(
        f"C{i},2025-01-01,{i * 7919 % 1_000_003}-{i * 104_729 % 1_299_709}\n" for i in range(200_000)
    )
    place.source().put("a.csv", "id,opened,status\n" + rows)
    code = f"""
import resource, signal
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from orchestration.errors import RunError
from orchestration.landing import pipeline
from orchestration.sources import source_files
from orchestration.settings import Home
try:
    pipeline.land([source_files.load(Path({str(place.yaml)!r}))], Path({str(place.exports)!r}),
                 Home(Path({str(place.home.root)!r})), salt={SALT!r})
except RunError as error:
    print(error)
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == f"The disk of {place.home.root} is full. Make room on it, then run again.\n"
    assert not place.manifest.deliveries
    assert place.land_one().n_read == 200_000


def test_memory_stays_bounded_beside_the_engine(place: Place) -> None:
    """What Python itself keeps of a damaged file is its line numbers, not its lines."""
    with place.put("a.csv", "id,opened,status\n").open("a") as file:
        for start in range(0, 400_000, 10_000):
            file.write("".join(f'C{i},2025-01-01,"{"x" * 80}"\n' for i in range(start, start + 10_000)))
        file.write('torn"\n')
    place.source()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert place.land_one().n_damaged == 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def test_scratch_does_not_grow_from_file_to_file(place: Place) -> None:
    place.source()
    for i in range(5):
        place.put(f"{i}.csv.gz", gzip.compress(csv_text(*cases(20_000)).encode("utf-16")))
    seen = []

    def look(*_: object) -> None:
        files_there = (path for path in place.home.scratch.rglob("*") if path.is_file())
        seen.append(sum(path.stat().st_size for path in files_there))

    # By one engine: a second one may be amid a file whenever the first one has ended its own.
    place.land(progress=look, threads=1)
    assert set(seen) == {0}


def test_dates_between_eras(place: Place) -> None:
    place.source().put(
        "a.csv", csv_text(("C1", "0001-01-02", ""), ("C2", "0000-01-01", ""), ("C3", "-2025-01-01", ""))
    )
    place.land_one()
    assert place.rows("opened_at") == [datetime(1, 1, 2)]
