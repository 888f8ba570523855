"""Every way an export may be written lands as the same rows."""

import gzip
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.stages.place import Place, cases, csv_text

RECORDS = [
    {"id": "C1", "opened": "2025-01-31 10:00:00", "status": "offen für Müller"},
    {"id": "C2", "opened": "2025-02-01 11:30:00", "status": 'said "no", twice'},
    {"id": "C3", "opened": "2025-02-02 00:00:00", "status": None},
]
LANDED = [
    ("C1", datetime(2025, 1, 31, 10), "offen für Müller"),
    ("C2", datetime(2025, 2, 1, 11, 30), 'said "no", twice'),
    ("C3", datetime(2025, 2, 2), None),
]


def delimited(delimiter: str = ",", quote: str = '"', end: str = "\n") -> str:
    def cell(value: str | None) -> str:
        text = value or ""
        needs = quote and any(c in text for c in (delimiter, quote, "\n", "\r"))
        return f"{quote}{text.replace(quote, quote * 2)}{quote}" if needs else text

    rows = [list(RECORDS[0]), *(list(r.values()) for r in RECORDS)]
    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


def parquet(path: Path, query: str) -> bytes:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def written_as(kind: str, folder: Path) -> bytes:
    match kind:
        case "csv":
            return delimited().encode()
        case "tsv":
            return delimited("\t").encode()
        case "jsonl":
            return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in RECORDS).encode()
        case "json":
            return json.dumps(RECORDS, indent=1).encode()
    values = ", ".join(
        "('{}', '{}', {})".format(r["id"], r["opened"], f"'{r['status']}'" if r["status"] else "NULL")
        for r in RECORDS
    )
    return parquet(folder / "made.parquet", f"FROM (VALUES {values}) AS t(id, opened, status)")


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "json", "parquet"])
@pytest.mark.parametrize("packed", ["", ".gz", ".zip"])
def test_formats_and_packings_give_the_same_rows(place: Place, kind: str, packed: str) -> None:
    content = written_as(kind, place.root)
    if packed == ".gz":
        content = gzip.compress(content)
    if packed == ".zip":
        content = zipped({f"export.{kind}": content})
    place.source(format=kind).put(f"export.{kind}{packed}", content)
    delivery = place.land_one()
    assert delivery.n_read == len(RECORDS)
    assert place.rows("case_id", "opened_at", "status") == LANDED
    name = f"export.{kind}{packed}" + (f"!export.{kind}" if packed == ".zip" else "")
    assert set(place.rows("_source_file")) == {name}


def test_members_of_an_archive_are_files_of_their_own(place: Place) -> None:
    members = {
        "2025/a.csv": csv_text(*cases(3)).encode(),
        "2025/b.csv": csv_text(*cases(2, start=3)).encode(),
        "__MACOSX/._a.csv": b"\0\5\x16\7",
        "broken.csv": b"nothing,of,ours\n1,2,3\n",
        "empty/": b"",
    }
    place.source(glob="*.zip").put("all.ZIP", b"")
    place.source(glob="*.[zZ][iI][pP]").put("all.ZIP", zipped(members))
    by_name = {d.file: d for d in place.land().deliveries}
    assert {name: (d.status, d.n_read) for name, d in by_name.items()} == {
        "all.ZIP!2025/a.csv": ("landed", 3),
        "all.ZIP!2025/b.csv": ("landed", 2),
        "all.ZIP!broken.csv": ("quarantined", 0),
    }
    assert place.exposed("SELECT count(*) FROM raw_mapped.cases") == [(5,)]


ENCODINGS = [
    ("utf-8", "utf-8"),
    ("utf-8-sig", "utf-8"),
    ("utf-8-sig", "windows-1252"),  # the mark knows better than the source file
    ("utf-16", "utf-8"),
    ("utf-16", "utf-16"),
    ("utf-32", "utf-8"),
    ("utf-16-be", "utf-16-be"),
    ("windows-1252", "windows-1252"),
    ("windows-1252", "cp1252"),
    ("latin-1", "latin-1"),
    ("cp850", "cp850"),
]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
@pytest.mark.parametrize(("written", "declared"), ENCODINGS)
def test_encodings(place: Place, kind: str, written: str, declared: str) -> None:
    content = written_as(kind, place.root).decode().encode(written)
    place.source(format=kind, encoding=declared).put("export", content)
    assert place.land_one().n_read == len(RECORDS)
    assert place.rows("case_id", "opened_at", "status") == LANDED


def test_japanese_export_with_a_quote_byte_inside_its_letters(place: Place) -> None:
    # The second byte of 表 is a backslash in Shift JIS, that of ボ a pipe's neighbour.
    place.source(encoding="shift_jis").put(
        "a.csv", csv_text(("表1", "2025-01-01", "ボ能")).encode("shift_jis")
    )
    place.land_one()
    assert place.rows("case_id", "status") == [("表1", "ボ能")]


def test_a_byte_that_means_nothing_costs_its_line(place: Place) -> None:
    content = csv_text(*cases(5)).encode("cp1252").replace(b"C2", b"C\x81")
    place.source(encoding="cp1252").put("a.csv", content)
    assert place.land_one().n_read == 5
    assert place.bad_lines() == {4: "no text in the declared encoding"}
    assert place.rows("case_id") == ["C0", "C1", "C3", "C4"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("has_last", [True, False])
def test_line_ends(place: Place, end: str, has_last: bool) -> None:
    text = delimited(end=end)
    place.source().put("a.csv", text if has_last else text.removesuffix(end))
    assert place.land_one().n_read == len(RECORDS)
    assert place.rows("case_id", "opened_at", "status") == LANDED


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_line_ends_with_damage(place: Place, end: str, kind: str) -> None:
    """Damage leads to the other reader, which must see the same lines."""
    if kind == "csv":
        lines = ["id,opened,status", "C1,2025-01-01,a", "C2,2025-01-01", "C3,2025-13-01,c", "C4,2025-01-01,d"]
        bad = {3, 4}
    else:
        lines = [f'{{"id": "C{i}", "opened": "2025-01-01"}}' for i in range(1, 5)]
        lines[2:2] = ["{", '{"id": "C9", "opened": "2025-13-01"}']
        bad = {3, 4}
    place.source(format=kind).put("a", end.join(lines))
    place.land_one()
    assert set(place.bad_lines()) == bad
    assert place.rows("case_id") == (["C1", "C4"] if kind == "csv" else ["C1", "C2", "C3", "C4"])


@pytest.mark.parametrize(
    ("delimiter", "quote"), [(";", '"'), ("|", '"'), ("\t", '"'), (",", "'"), ("§", '"')]
)
def test_delimiters_and_quotes(place: Place, delimiter: str, quote: str) -> None:
    place.source(delimiter=delimiter, quote=quote).put("a.csv", delimited(delimiter, quote))
    assert place.land_one().n_read == len(RECORDS)
    assert place.rows("case_id", "opened_at", "status") == LANDED


def test_no_quotes_at_all(place: Place) -> None:
    place.source(delimiter="|", quote="").put(
        "a.csv", 'id|opened|status\nC1|2025-01-01|5" pipe\nC2|2025-01-01|"\n'
    )
    assert place.land_one().n_read == 2
    assert place.rows("status") == ['5" pipe', '"']


def test_line_breaks_within_quotes_are_text(place: Place) -> None:
    text = "a\r\nb\n\n\rc"
    place.source().put("a.csv", f'id,opened,status\nC1,2025-01-01,"{text}"\nC2,2025-01-01,"x,""y"""\n')
    assert place.land_one().n_read == 2
    assert place.rows("status") == [text, 'x,"y"']


NAMES = ["id", "opened", "status"]


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_columns_of_a_file_without_a_header_are_named_by_its_source(place: Place, kind: str) -> None:
    text = delimited("\t" if kind == "tsv" else ",").partition("\n")[2]
    place.source(format=kind, header=NAMES).put("a", text)
    assert place.land_one().n_read == 3
    assert place.rows("case_id", "opened_at", "status") == LANDED


def test_lines_of_files_without_a_header_are_exact(place: Place) -> None:
    """Files of one layout land together, whatever their first lines say; damaged ones are read carefully."""
    for i in range(4):
        place.put(f"sound{i}", csv_text(*cases(3, 3 * i)).partition("\n")[2])
    landed = place.source(header=NAMES).land().deliveries
    assert len(place.manifest.parts()) == 1
    place.put("marked", "\ufeff" + csv_text(*cases(1, 20)).partition("\n")[2])
    place.put("returns", csv_text(*cases(2, 30)).partition("\n")[2].replace("\n", "\r\n"))
    place.put("bad", "C40,2025-01-01,a\nC41,2025-01-02\nC42,2025-13-01,c\nC43,2025-01-04,d")
    landed += place.land().deliveries
    assert {delivery.file: delivery.n_read for delivery in landed} == {
        **{f"sound{i}": 3 for i in range(4)}, "marked": 1, "returns": 2, "bad": 4,
    }  # fmt: skip
    expected = [*range(12), 20, 30, 31, 40, 43]
    assert sorted(place.rows("case_id")) == sorted(f"C{i}" for i in expected)
    assert place.bad_lines() == {
        2: "2 columns where the header has 3",
        3: "cannot be read as a date and time",
    }


def test_a_header_that_leaves_out_what_is_needed_is_refused(place: Place) -> None:
    place.source(header=["id", "status"]).put("a", "C1,open\n")
    assert "column 'opened' is missing" in place.refused()


def test_lines_are_exact_after_line_breaks_within_quotes(place: Place) -> None:
    place.source().put(
        "a.csv",
        'id,"opened\n at",status\nC1,2025-01-01,"a\nb\nc"\nC2,never,x\n\nC3,2025-01-01\nC4,2025-01-01,"\n"\n,2025-01-01,e\n',
    ).touch()
    place.source({"cases": {"case_id": "id", "opened_at": '"opened\n at"', "status": "status"}})
    assert place.land_one().n_read == 5
    assert place.bad_lines() == {
        6: "cannot be read as a date and time",
        8: "2 columns where the header has 3",
        11: "required value is missing",
    }


def test_spaces_around_quotes_do_not_matter(place: Place) -> None:
    place.source().put("a.csv", 'id,opened,status\nC1, "2025-01-01" ,"a, b"\n  C2  ,2025-01-01, x \n')
    place.land_one()
    assert place.rows("case_id", "status") == [("C1", "a, b"), ("C2", "x")]


@pytest.mark.parametrize(
    "name", ["export[1].csv", "a*b?.csv", "{a,b}.csv", "it's.csv", 'say "x";--.csv', "año=2024.csv"]
)
def test_file_names_are_names_and_no_patterns(place: Place, name: str) -> None:
    """`export[1].csv` is what a browser calls the second download; a pattern would read another file."""
    place.source().put(name, csv_text(*cases(1)))
    place.put("export1.csv", csv_text(*cases(1, start=7)))
    place.put("a.csv", csv_text(*cases(1, start=8)))
    place.land()
    assert dict(place.rows("_source_file", "case_id")) == {name: "C0", "export1.csv": "C7", "a.csv": "C8"}
    assert len(place.exposed("FROM raw_mapped.cases")) == 3


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_folder_called_like_a_column_is_no_column(place: Place, kind: str) -> None:
    place.source(glob="**/export", format=kind).put("id=wrong/status=5/export", written_as(kind, place.root))
    place.land_one()
    assert place.rows("case_id", "opened_at", "status") == LANDED


def test_digest_is_that_of_the_delivered_file(place: Place) -> None:
    import hashlib

    contents = {
        "plain.csv": csv_text(*cases(3)).encode(),
        "packed.csv.gz": gzip.compress(csv_text(*cases(3)).encode()),
        "utf16.csv": csv_text(*cases(3)).encode("utf-16"),
        "damaged.csv": b"id,opened,status\nC1,2025-01-01,a\nC2\n",
        "wrong.csv": b"a,b\n1,2\n",
        "cut.csv.gz": gzip.compress(csv_text(*cases(300)).encode())[:-9],
    }
    place.source()
    for name, content in contents.items():
        place.put(name, content)
    found = {d.file: d.digest for d in place.land().deliveries}
    assert found == {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_columns_that_are_called_like_sql_words_land(place: Place, tmp_path: Path, form: str) -> None:
    record = {"order": "C1", "at": "2025-01-31 10:00:00", "end": "open", "desc": "x", "case": "y"}
    if form == "parquet":
        columns = ", ".join(f"'{value}' AS \"{name}\"" for name, value in record.items())
        content = parquet(tmp_path / "one.parquet", f"SELECT {columns}")
    elif form == "jsonl":
        content = json.dumps(record).encode()
    else:
        content = csv_text(record.values(), header=",".join(record)).encode()
    place.put(f"cases.{form}", content)
    fields = {"case_id": "order", "opened_at": "at", "status": "end", "reason": "desc", "product": "case"}
    place.source({"cases": {**fields, "where": "\"end\" = 'open'"}}, format=form)
    place.land_one()
    assert place.rows("case_id", "opened_at", "status", "reason", "product") == [
        ("C1", datetime(2025, 1, 31, 10), "open", "x", "y")
    ]


TITLES = 'Cases of "January\nAgent: Jane Roe, all teams\n\n'
BODY = "C1,2025-01-31 10:00:00,open\nC2,2025-02-01 11:30:00,closed\n"
TWO_CASES = [("C1", datetime(2025, 1, 31, 10), "open"), ("C2", datetime(2025, 2, 1, 11, 30), "closed")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (TITLES + "id,opened,status\n" + BODY, {"skip": 3}),
        ("sep=;\n" + ("id,opened,status\n" + BODY).replace(",", ";"), {}),
        ('"sep=,"\n' + TITLES + "id,opened,status\n" + BODY, {"skip": 3, "delimiter": ";"}),
        ("sep=\t\n" + ("id,opened,status\n" + BODY).replace(",", "\t"), {"format": "tsv"}),
        (TITLES + BODY, {"skip": 3, "header": ["id", "opened", "status"]}),
        ("sep=,\n" + BODY, {"header": ["id", "opened", "status"]}),
    ],
)  # fmt: skip
def test_lines_above_the_names_are_left_out(place: Place, content: str, settings: dict, end: str) -> None:
    place.put("cases.csv", content.replace("\n", end))
    delivery = place.source(**settings).land_one()
    assert place.rows("case_id", "opened_at", "status") == TWO_CASES
    assert (delivery.n_read, delivery.n_damaged, place.faults()) == (2, 0, [])


def test_two_header_rows_become_one_name_for_each_column(place: Place) -> None:
    header = "Case,,Result\nnumber,opened,\n"
    place.put("cases.csv", "January\n" + header + BODY)
    fields = {"case_id": '"Case number"', "opened_at": '"Case opened"', "status": "Result"}
    place.source({"cases": fields}, skip=1, header_rows=2).land()
    assert place.rows("case_id", "opened_at", "status") == TWO_CASES


def test_lines_are_counted_from_the_top_of_the_file(place: Place) -> None:
    """Whoever looks for a bad row opens the file in an editor, titles included."""
    bad = "C3,soon,open\nC4,2025-02-02\nC5,2025-02-03,open\n"
    place.put("cases.csv", "sep=,\n" + TITLES + "id,opened,status\n" + BODY + bad)
    place.source(skip=3).land()
    assert {line: reason.partition(" where")[0] for line, reason in place.bad_lines().items()} == {
        8: "cannot be read as a date and time", 9: "2 columns"
    }  # fmt: skip
    assert place.rows("case_id") == ["C1", "C2", "C5"]


def test_files_with_other_titles_land_side_by_side(place: Place) -> None:
    header = "id,opened,status\n"
    for i in range(4):
        text = f"Report {'of, all, teams' if i == 1 else i % 2}\n\n{header}C{i},2025-01-31 10:00:00,open\n"
        place.put(f"cases-{i}.csv", text)
    place.source(skip=2).land()
    assert sorted(place.rows("case_id")) == ["C0", "C1", "C2", "C3"]
    assert place.faults() == []


def test_a_file_that_ends_above_its_names_is_refused(place: Place) -> None:
    place.put("cases.csv", "Report\n")
    assert place.source(skip=2).refused() == "the file has no header line; correct `skip`"
