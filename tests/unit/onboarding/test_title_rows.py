"""Where the records of a delimited file begin, and which rows sum up others."""

import pytest

from orchestration.onboarding import total_rows
from orchestration.onboarding.title_rows import TitleRows, top_of

RECORDS = "2024-01-01,10:00,5550100\n2024-01-02,11:00,5550101\n2024-01-02,11:30,5550102\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("day,time,caller\n" + RECORDS, TitleRows(0, 1, 3)),
        ("day,time,caller\n", TitleRows(0, 1, 3)),
        ("Calls of January\n\nday,time,caller\n" + RECORDS, TitleRows(2, 1, 3)),
        ("Calls of January,,\nfrom 01.01.,to 31.01.,\n,,\nday,time,caller\n" + RECORDS, TitleRows(3, 1, 3)),
        ("Period:,01.01.2024,31.01.2024\nday,time,caller\n" + RECORDS, TitleRows(1, 1, 3)),
        ("Call,,Party\nday,time,caller\n" + RECORDS, TitleRows(0, 2, 3)),
        ("Report\nCall,Call,Party\nday,time,caller\n" + RECORDS, TitleRows(1, 2, 3)),
        ("day,time,caller\n(local),(hh:mm),\n" + RECORDS, TitleRows(0, 2, 3)),
        (RECORDS, TitleRows(0, 0, 3)),
        ("2024-01-01,10:00,5550100\n", TitleRows(0, 0, 3)),
        ("Report\n\n" + RECORDS, TitleRows(2, 0, 3)),
        ("2024-01-01,,\n" + RECORDS, TitleRows(0, 0, 3)),
        ("day,time,caller\n" + RECORDS + "day,time,caller\n" + RECORDS, TitleRows(0, 1, 3)),
        ("day,closed,n\n2024-01-01,-,\n2024-01-02,2024-01-03,1\n2024-01-03,2024-01-04,2\n", TitleRows(0, 1, 3)),
        ("name,team\nAnn,Billing\nBob,Billing\nCid,Sales\n", TitleRows(0, 1, 2)),
        ("Ann,Billing\nBob,Billing\nCid,Sales\nDan,Sales\n", TitleRows(0, 0, 2)),
        ("Q1,Q2,Q3\n1,5,3\n2,4,3\n5,1,1\n", TitleRows(0, 1, 3)),
        ("Respondent,Q1,Q2,Q3\n7001,5,3,1\n7002,4,3,1\n", TitleRows(0, 1, 4)),
        ("Q1,Q2,Q3\n", TitleRows(0, 1, 3)),
        ("INC1,2024-01-01,x\nINC2,2024-01-02,y\nINC3,2024-01-02,z\n", TitleRows(0, 0, 3)),
        ("id,opened,number\nINTEGER,INTEGER,VARCHAR(50)\n" + 12 * "1,1741000000,5550100\n", TitleRows(0, 1, 3)),
        ('"Note, of ""all""\nteams"\nday,time,caller\n' + RECORDS, TitleRows(2, 1, 3)),
        ("line\none\ntwo\n", TitleRows()),
    ],
)  # fmt: skip
def test_names_are_distinguished_from_titles_and_records(text: str, expected: TitleRows) -> None:
    """A title taken for names hides every column; a record taken for names shows somebody's data."""
    assert top_of(text, ",", '"') == expected


CALLS = [(f"2024-01-{i:02}", f"555010{i % 10}", "Ann", "0:30") for i in range(1, 21)]


@pytest.mark.parametrize(
    ("row", "where"),
    [
        (("Total", None, None, "10:00"), "NOT starts_with(lower(coalesce(day, '')), 'total')"),
        (("Grand total:", None, None, "10:00"), "NOT starts_with(lower(coalesce(day, '')), 'grand total')"),
        (("Summe", None, None, "10:00"), "NOT starts_with(lower(coalesce(day, '')), 'summe')"),
        ((None, "Totals", None, "10:00"), "NOT starts_with(lower(coalesce(caller, '')), 'total')"),
        ((None, None, None, "10:00"), "coalesce(day, caller) IS NOT NULL"),
        ((None, None, None, "20 calls"), "coalesce(day, caller) IS NOT NULL"),
        (("2024-01-31", None, None, "0:10"), ""),
        ((None, None, "Ann", None), ""),
        (("Totally new", "5550100", "Ann", "0:30"), ""),
    ],
)
def test_rows_of_totals_are_left_out(row: tuple[str | None, ...], where: str) -> None:
    """A total taken for a call lasts as long as all calls; a call taken for a total is lost."""
    columns = ["day", "caller", "agent", "lasted"]
    for rows, tail in (([*CALLS, row], []), (CALLS, [row])):
        assert total_rows.found_in(rows, tail).where(columns) == where
    kept = total_rows.kept([*CALLS, row])
    assert kept == list(range(len(CALLS) + (not where)))


@pytest.mark.parametrize("remark", ["Queue: Support", "Report of 2024-02-01", "-"])
def test_headings_and_remarks_among_the_records_are_left_out(remark: str) -> None:
    calls = [(*call, "Billing", "yes") for call in CALLS]
    rows = [(remark, *[None] * 5), *calls, (remark, *[None] * 5)]
    columns = ["day", "caller", "agent", "lasted", "queue", "answered"]
    assert total_rows.found_in(rows).where(columns) == "coalesce(caller, agent) IS NOT NULL"
    assert total_rows.kept(rows) == list(range(1, len(calls) + 1))
