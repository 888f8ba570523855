"""Excel workbooks: what their cells mean, and what cannot be read."""

import io
import subprocess
import sys
import textwrap
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl.chart import BarChart, Reference

from orchestration.landing.export_file import UnreadableFile
from orchestration.landing.read import workbooks
from orchestration.onboarding.draft import draft
from orchestration.sources import source_files
from orchestration.sources.file_settings import FileSet
from orchestration.sources.source_errors import SourceError
from tests.stages.landing.workbooks import STRINGS, book, changed, plain
from tests.stages.place import Place

HEADER = ("id", "opened", "status")
CASE = ("A1", datetime(2025, 1, 2, 9, 30), "open")
PROJECT = Path(__file__).parents[3]


def _read(tmp_path: Path, content: bytes, **options: Any) -> list[list[str]]:
    """The lines of the CSV that a workbook is written as, without the line of the header."""
    import csv

    path, target = tmp_path / "book.xlsx", tmp_path / "sheet.csv"
    path.write_bytes(content)
    workbooks.rewrite(path, target, FileSet(glob="*", format="xlsx", feeds={}, **options))
    with target.open(newline="") as lines:
        return list(csv.reader(lines))[0 if "header" in options else 1 :]


def _cell(tmp_path: Path, value: Any, number_format: str = "", **options: Any) -> str:
    def style(made: Any) -> None:
        if number_format:
            made.active["A2"].number_format = number_format

    return _read(tmp_path, book([["a", "b"], [value, "x"]], style), **options)[0][0]


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (7001, "", "7001"),
        (7001.0, "", "7001"),
        (-3, "", "-3"),
        (7001, "000000", "007001"),
        (123456789012345, "0", "123456789012345"),
        (1234567890123456, "0", "1.23456789012346E+15"),
        (12345678901234567890, "0", "1.23456789012346E+19"),
        (0.25, "", "0.25"),
        (0.25, "0%", "0.25"),
        (True, "", "true"),
        (False, "", "false"),
        ("007", "", "007"),
        (" two\r\nlines", "", " two\nlines"),
        ("#N/A", "", ""),
        ("#DIV/0!", "", ""),
        (datetime(2025, 3, 1, 10, 5, 7), "", "2025-03-01 10:05:07"),
        (datetime(2025, 3, 1, 10, 5, 7, 250_000), "", "2025-03-01 10:05:07.250000"),
        (datetime(2025, 3, 1), "dd/mm/yyyy hh:mm", "2025-03-01 00:00:00"),
        (datetime(2025, 3, 1), "dd.mm.yyyy", "2025-03-01"),
        (datetime(2025, 3, 1, 12), "mm-dd-yy", "2025-03-01 12:00:00"),
        (date(2025, 3, 1), "[$-F800]dddd\\, mmmm dd\\, yyyy", "2025-03-01"),
        (datetime(2025, 3, 1, 12, 30), "[Red]d/m/yy h:mm", "2025-03-01 12:30:00"),
        (45717.4375, "yyyy-mm-dd hh:mm", "2025-03-01 10:30:00"),
        (time(9, 5), "hh:mm", "09:05:00"),
        (0.378472222222222, "h:mm AM/PM", "09:05:00"),
        (datetime(2025, 3, 1, 9, 5), "hh:mm", "2025-03-01 09:05:00"),
        (timedelta(hours=27, minutes=46, seconds=40), "[h]:mm:ss", "27:46:40"),
        (timedelta(minutes=3), "[mm]:ss", "0:03:00"),
        (1.5, "hh:mm:ss", "36:00:00"),
        (-0.25, "[h]:mm:ss", "-6:00:00"),
        (0, "dd/mm/yyyy", "1899-12-30 00:00:00"),
        (20250301, "dd/mm/yyyy", ""),
    ],
)
def test_a_cell_reads_as_its_workbook_shows_it(
    tmp_path: Path, value: Any, number_format: str, text: str
) -> None:
    assert _cell(tmp_path, value, number_format) == text


def test_dates_of_a_workbook_from_a_mac_count_from_1904(tmp_path: Path) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    def of_mac(made: Any) -> None:
        made.epoch = CALENDAR_MAC_1904

    rows = [["day", "clock", "long"], [datetime(2025, 3, 1, 10, 0), time(9, 5), timedelta(hours=30)]]
    content = book(rows, of_mac)
    assert b"date1904" in zipfile.ZipFile(io.BytesIO(content)).read("xl/workbook.xml")
    assert _read(tmp_path, content) == [["2025-03-01 10:00:00", "09:05:00", "30:00:00"]]


def test_numbers_bear_the_decimal_sign_of_the_file_set(tmp_path: Path) -> None:
    assert _cell(tmp_path, 1234.5, decimal=",") == "1234,5"


def test_a_formula_reads_as_its_last_result(tmp_path: Path) -> None:
    content = changed(
        book([["a", "b"], ["=1+1", "x"]]),
        lambda xml: xml.replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>"),
    )
    assert _read(tmp_path, content) == [["2", "x"]]


def test_formulas_that_nothing_calculated_are_counted(tmp_path: Path) -> None:
    path, sheet = tmp_path / "book.xlsx", workbooks.Sheet()
    calculated = b'<c r="B3"><f>1+1</f><v>2</v></c>'
    path.write_bytes(
        changed(
            book([["a", "b"], ["x", "y"], ["x", "z"]]),
            lambda xml: xml.replace(b'<row r="3">', b'<row r="3">' + calculated).replace(
                b"</sheetData>",
                b'<row r="4"><c r="A4"><f>1+1</f></c><c r="B4"><f t="shared" si="0"/></c></row></sheetData>',
            ),
        )
    )
    workbooks.rewrite(path, tmp_path / "out", FileSet(glob="*", format="xlsx", feeds={}), sheet=sheet)
    assert sheet.n_uncalculated == 2


def test_a_merged_cell_counts_for_every_row_that_it_covers_and_makes_none(tmp_path: Path) -> None:
    rows = [
        ["team", "id"],
        ["north", "A"],
        [None, "B"],
        [None, None],
        [None, "C"],
        ["south", "D"],
        [None, "E"],
    ]
    content = book(rows, lambda made: made.active.merge_cells("A2:A5"))
    expected = [["north", "A"], ["north", "B"], ["north", "C"], ["south", "D"], ["", "E"]]
    assert _read(tmp_path, content) == expected


def test_empty_rows_and_formatted_ones_are_no_records(tmp_path: Path) -> None:
    def bolden(made: Any) -> None:
        for row in range(4, 60):
            made.active.cell(row, 1).font = openpyxl_font()

    def openpyxl_font() -> Any:
        from openpyxl.styles import Font

        return Font(bold=True)

    content = book([[], ["a", "b"], [], ["1", None], [None, "2"]], bolden)
    assert _read(tmp_path, content) == [["1", ""], ["", "2"]]


def test_values_beside_the_table_become_a_column_without_a_name(tmp_path: Path) -> None:
    content = book([["a", "b"], ["1", "2"], ["3", "4", None, "note"]])
    assert _read(tmp_path, content) == [["1", "2", "", ""], ["3", "4", "", "note"]]


def test_names_of_columns_stand_in_one_line(tmp_path: Path) -> None:
    place = Place(tmp_path).source(
        {"cases": {"case_id": '"Case number"', "opened_at": "opened"}}, format="xlsx"
    )
    place.put("a.xlsx", book([["Case\nnumber ", "opened"], ["A1", datetime(2025, 1, 2)]]))
    assert place.land_one().n_landed == 1


def test_rows_that_do_not_ascend_are_read(tmp_path: Path) -> None:
    content = changed(
        book([["a"], ["1"], ["2"]]), lambda xml: xml.replace(b'r="3"', b'r="1"').replace(b'"A3"', b'"A1"')
    )
    assert _read(tmp_path, content) == [["1"], ["2"]]


def test_content_behind_the_rows_does_not_keep_them_from_being_read(tmp_path: Path) -> None:
    odd = b'</sheetData><autoFilter ref="A1:B2"><filterColumn colId="no number"/></autoFilter>'
    content = changed(book([["a"], ["1"]]), lambda xml: xml.replace(b"</sheetData>", odd))
    assert _read(tmp_path, content) == [["1"]]


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_texts_that_cells_share_are_read_however_the_parts_are_written(tmp_path: Path, prefix: str) -> None:
    """Reports of databases write every name with a prefix, and leave out where cells stand."""
    rows = b"""<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>
        <row><c t="s"><v>2</v></c><c><v>7001</v></c></row><row><c><v>5</v></c></row>"""
    merged = b'<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    content = plain(rows, "a", "b", "two _x000D_\n lines", behind=merged, prefix=prefix)
    assert _read(tmp_path, content) == [["two \n lines", "7001"], ["5", "7001"]]


# ---------------------------------------------------------------- sheets


def _three_sheets(made: Any) -> None:
    made.active.title = "Notes"
    made.active.sheet_state = "hidden"
    made.create_sheet("Cases 2025").append(["a"])
    made["Cases 2025"].append(["cases"])
    made.create_sheet("2").append(["a"])
    made["2"].append(["two"])
    chart = BarChart()
    chart.add_data(Reference(made["2"], min_col=1, min_row=1, max_row=2))
    made.create_chartsheet("Chart").add_chart(chart)


@pytest.mark.parametrize(
    ("sheet", "value"),
    [
        ("", "cases"),
        ("cases 2025", "cases"),
        ("2", "two"),
        ("1", "hidden"),
        ("3", "two"),
        ("Notes", "hidden"),
    ],
)
def test_the_first_sheet_that_is_shown_is_read_or_the_one_that_is_named(
    tmp_path: Path, sheet: str, value: str
) -> None:
    assert _read(tmp_path, book([["a"], ["hidden"]], _three_sheets), sheet=sheet) == [[value]]


def test_a_missing_sheet_is_reported_with_the_names_of_the_others(tmp_path: Path) -> None:
    place = Place(tmp_path).source(format="xlsx", sheet="Calls")
    place.put("a.xlsx", book([HEADER, CASE], _three_sheets))
    assert place.refused() == (
        "there is no sheet 'Calls' in it, only 'Notes', 'Cases 2025', '2'; correct `sheet`"
    )


def test_an_empty_sheet_is_reported(tmp_path: Path) -> None:
    place = Place(tmp_path).source(format="xlsx")
    place.put("a.xlsx", book([]))
    assert place.refused() == "the sheet is empty; name another with `sheet`, or correct `skip`"


@pytest.mark.parametrize(
    "options", [{"format": "csv", "sheet": "Calls"}, {"format": "xlsx", "delimiter": ";"}]
)
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="means nothing for"):
        source_files.load(Place(tmp_path).source(**options).yaml)


# ---------------------------------------------------------------- landing


def test_rows_land_with_their_dates_and_those_that_do_not_fit_are_named_by_their_row(tmp_path: Path) -> None:
    place = Place(tmp_path).source({"cases": {"case_id": "id", "opened_at": "opened", "status": "status",
                                              "where": "status IS DISTINCT FROM 'spam'"}}, format="xlsx", glob="*.xlsx")  # fmt: skip
    place.put(
        "a.xlsx",
        book(
            [
                ("id", "opened", "status", "note"),
                (7001, datetime(2025, 1, 2, 9, 30), "open", "two\nlines"),
                (),
                (7002, "no date", "open", None),
                (7003, datetime(2025, 1, 3), "spam", None),
                (7004, "#N/A", "open", None),
                (1234567890123456, datetime(2025, 1, 3), "open", None),
                (7005, datetime(2025, 1, 4), "closed", "last"),
            ]
        ),
    )
    delivery = place.land_one()
    assert (
        delivery.n_read,
        delivery.n_landed,
        sum(c.n_filtered for c in delivery.counts),
        delivery.n_quarantined,
    ) == (6, 2, 1, 3)
    assert [(case, str(opened)) for case, opened in place.rows("case_id", "opened_at")] == [
        ("7001", "2025-01-02 09:30:00"),
        ("7005", "2025-01-04 00:00:00"),
    ]
    assert [fault[:2] for fault in place.faults()] == [(4, "opened_at"), (6, "opened_at"), (7, "case_id")]
    assert delivery.columns_extra == ("note",)


def test_dates_that_are_text_and_dates_that_are_cells_land_from_one_column(tmp_path: Path) -> None:
    place = Place(tmp_path).source(format="xlsx", dates=["%d.%m.%Y %H:%M"])
    place.put(
        "a.xlsx", book([HEADER, CASE, ("A2", "02.01.2025 09:30", "open"), ("A3", date(2025, 1, 2), "open")])
    )
    assert place.land_one().n_landed == 3
    assert list(map(str, place.rows("opened_at"))) == [
        *["2025-01-02 09:30:00"] * 2,
        "2025-01-02 00:00:00",
    ]


def test_columns_are_named_by_the_source_file_where_the_sheet_does_not(tmp_path: Path) -> None:
    place = Place(tmp_path).source(format="xlsx", header=["id", "opened", "status"])
    place.put("a.xlsx", book([CASE, ("A2", datetime(2025, 1, 3), "open", "too much")]))
    delivery = place.land_one()
    assert (delivery.n_read, delivery.n_landed, delivery.n_damaged) == (2, 1, 1)
    assert place.faults() == [(2, "", "4 columns where `header` has 3", "")]


def test_title_rows_are_skipped_and_names_joined(tmp_path: Path) -> None:
    """A report has its title and an empty row above names in two rows, of which merged cells span several."""

    def merge(made: Any) -> None:
        made.active.merge_cells("A3:A4")
        made.active.merge_cells("B3:C3")

    feed = {"case_id": "Case", "opened_at": '"Dates Opened"', "closed_at": '"Dates Closed"'}
    place = Place(tmp_path).source({"cases": feed}, format="xlsx", skip=1, header_rows=2)
    day = datetime(2025, 1, 2)
    rows = [
        ["Cases of January"],
        [],
        ["Case", "Dates", None],
        [None, "Opened", "Closed"],
        ["A1", day, day],
        ["A2", "x", day],
    ]
    place.put("a.xlsx", book(rows, merge))
    assert place.land_one().n_landed == 1
    assert place.rows("case_id", "closed_at") == [("A1", day)]
    assert list(place.bad_lines()) == [6]


def test_workbooks_land_out_of_an_archive_and_packed(tmp_path: Path) -> None:
    place = Place(tmp_path).source(format="xlsx", glob="a.zip!**/*.xlsx")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("2025/one.xlsx", book([HEADER, CASE]))
        archive.writestr("2025/two.xlsx", book([HEADER, ("A2", *CASE[1:])]))
        archive.writestr("2025/~$one.xlsx", b"\x07lock")
        archive.writestr("readme.txt", b"no workbook")
    place.put("a.zip", target.getvalue())
    landed = place.land()
    assert [d.status for d in landed.deliveries] == ["landed"] * 2
    assert sorted(place.rows("case_id")) == ["A1", "A2"]
    assert [d.file for d in landed.ignored] == ["a.zip!2025/~$one.xlsx"]


def test_a_workbook_that_is_delivered_again_replaces_its_rows(tmp_path: Path) -> None:
    place = Place(tmp_path).source(format="xlsx")
    place.put("a.xlsx", book([HEADER, CASE]))
    place.land()
    assert place.land().unchanged == 1
    place.put("a.xlsx", book([HEADER, CASE, ("A2", *CASE[1:])]))
    assert place.land_one().n_landed == 2
    assert place.rows("case_id") == ["A1", "A2"]


def test_a_million_rows_are_read_in_bounded_memory(tmp_path: Path) -> None:
    """Each row of a tenth of that costs no memory: what a row takes would show tenfold."""
    script = """
        import resource, sys
        from pathlib import Path
        from orchestration.landing.read import workbooks
        from orchestration.sources.source_files import FileSet
        import openpyxl
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        done = workbooks.rewrite(Path(sys.argv[1]), Path(sys.argv[2]), FileSet(glob="*", format="xlsx", feeds={}))
        print(len(done.numbers), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    rows = b"".join(
        b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c></row>' % (i, i, b"x" * 200)
        for i in range(2, 100_002)
    )
    small = book([["a"]])
    path = tmp_path / "a.xlsx"
    path.write_bytes(changed(small, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>")))
    measured = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path), str(tmp_path / "out")],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert int(measured[0]) == 100_000
    kilobytes = int(measured[1]) / (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 40_000  # the texts alone take 25 MB as Python objects


# ---------------------------------------------------------------- what is no workbook


def _zip(**parts: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return target.getvalue()


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    """Another byte in the packed text of the sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    place = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


_BOOK = book([HEADER, CASE])
_PLAIN = plain(
    b'<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>',
    "id",
    "open",
)
_SAVE = "open it in Excel and save it as an Excel workbook (.xlsx)"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\xd0\xcf\x11\xe0 Workbook", f"a workbook of the old kind (.xls); {_SAVE}"),
        (
            b"\xd0\xcf\x11\xe0" + bytes(9000) + "EncryptedPackage".encode("utf-16-le"),
            "the workbook is encrypted; save it without a password",
        ),
        (b"id;opened\n1;2\n", f"no Excel workbook; {_SAVE}, or correct `format`"),
        (b"<html><table>", f"a page or XML under the name of a workbook; {_SAVE}, or correct `format`"),
        (_zip(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), f"an OpenDocument sheet (.ods); {_SAVE}"),
        (_zip(xl__workbook=b"", **{"xl__workbook.bin": b""}), f"a binary workbook (.xlsb); {_SAVE}"),
        (_zip(a=b"x"), "an archive, but no Excel workbook; correct `glob` or `format`"),
        (_cut(_BOOK), f"a damaged workbook (BadZipFile); {_SAVE}, or export it as CSV"),
        (changed(_BOOK, lambda xml: xml[: xml.rindex(b"<row")]), f"a damaged workbook (ParseError); {_SAVE}, or export it as CSV"),
        (
            changed(_PLAIN, lambda xml: b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 99 + b'">' + b"".join(
                b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 99) for c in range(ord("c"), ord("j"))
            ) + b"]>" + xml.replace(b"<t>open", b"<t>&i;"), STRINGS),
            f"a damaged workbook (ParseError); {_SAVE}, or export it as CSV",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_it_is_and_what_to_do(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    place = Place(tmp_path).source(format="xlsx")
    place.put("a.xlsx", content)
    assert place.refused() == reason


@pytest.mark.parametrize("other", ["csv", "tsv", "lines", "jsonl", "json"])
def test_a_workbook_that_is_described_as_text_is_refused_with_a_hint(tmp_path: Path, other: str) -> None:
    place = Place(tmp_path).source({"cases": {"case_id": "line", "opened_at": "line"}}, format=other)
    place.put("a.xlsx", _BOOK)
    reason = "an Excel workbook or another archive, no text; a workbook needs `format: xlsx`"
    assert place.refused() == reason


def test_a_damaged_sheet_is_refused_whole(tmp_path: Path) -> None:
    place = Place(tmp_path).source(format="xlsx")
    place.put("a.xlsx", _flipped(book([HEADER, *[(f"A{i}", *CASE[1:]) for i in range(500)]])))
    assert place.refused().startswith("a damaged workbook (")


def test_a_cell_in_the_last_corner_costs_its_row_and_nothing_else(tmp_path: Path) -> None:
    corner = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    place = Place(tmp_path).source(format="xlsx")
    place.put("a.xlsx", changed(_BOOK, lambda xml: xml.replace(b"</sheetData>", corner)))
    assert place.land_one().n_landed == 1
    reason = "a value in column 16,384, far beside the 3 columns of the table"
    assert place.faults() == [(1_048_576, "", reason, "")]


def test_a_workbook_that_unpacks_without_measure_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.landing.archives.MIN_BOMB_BYTES", 1_000_000)
    content = changed(_BOOK, lambda xml: xml.replace(b"</sheetData>", b" " * 40_000_000 + b"</sheetData>"))
    place = Place(tmp_path).source(format="xlsx")
    place.put("a.xlsx", content)
    assert place.refused() == "unpacks to more than 300 times its size; export it as CSV"


def test_texts_beyond_what_memory_should_hold_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.landing.read.workbooks._TEXT_BYTES", 1 << 20)
    content = changed(_PLAIN, lambda xml: xml + b" " * (1 << 21), STRINGS)
    with pytest.raises(UnreadableFile, match="its texts and styles take more than 1 MB; export it as CSV"):
        _read(tmp_path, content)


# ---------------------------------------------------------------- drafts


def n_landed_from_draft(text: str, path: Path) -> int:
    """Rows of a file that land by its draft as it is."""
    place = Place(path.parent / "place")
    place.yaml.write_text(text)
    place.put(path.name, path.read_bytes())
    return place.land_one().n_landed


def test_a_draft_names_the_sheet_and_the_others(tmp_path: Path) -> None:
    def two(made: Any) -> None:
        made.active.title = "All cases"
        made.create_sheet("Codes")

    path = tmp_path / "cases.xlsx"
    rows = [("Case ID", "Opened at", "Status", "Subject")]
    rows += [
        (f"C-{i}", datetime(2025, 1, 1 + i % 28, 9, i % 60), ("open", "closed")[i % 2], "text")
        for i in range(60)
    ]
    path.write_bytes(book(rows, two))
    text = draft(path)
    assert "    format: xlsx\n    sheet: All cases\n" in text
    assert "To read another, write its name under sheet: Codes" in text
    assert "      cases:" in text
    assert n_landed_from_draft(text, path) == 60


def test_a_draft_skips_the_title_of_a_report(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    rows = [["Call report"], [], ["Call ID", "Start time", "Caller", "Duration"]]
    rows += [
        [f"K{i}", datetime(2025, 1, 1 + i % 28, 9, i % 60), f"+4930123{i:04}", timedelta(seconds=40 + i)]
        for i in range(40)
    ]
    path.write_bytes(book(rows))
    text = draft(path)
    assert "    format: xlsx\n    skip: 2" in text
    assert "      contacts:" in text
    assert n_landed_from_draft(text, path) == 40


def test_a_sheet_without_names_is_drafted_by_position_and_shows_no_cell(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    rows = [
        [f"K{i}", datetime(2025, 1, 1 + i % 28, 9, i % 60), f"Quokka {i}", f"+4930123{i:04}"]
        for i in range(40)
    ]
    path.write_bytes(book(rows))
    text = draft(path)
    assert "    header: [" in text
    assert "Quokka" not in text


def test_a_draft_of_an_encrypted_workbook_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "cases.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(Exception, match="the workbook is encrypted; save it without a password"):
        draft(path)
