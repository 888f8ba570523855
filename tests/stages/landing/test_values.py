"""What a value becomes: typed, mapped, NULL, or a row in quarantine. Never something else."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from orchestration.landing.manifest import Manifest
from orchestration.landing.people.hashing import normalise_phone
from orchestration.landing.plan import placeholders
from orchestration.settings import PROJECT_ROOT
from tests.stages.place import Place, csv_text

BAD = object()
AGENTS = {"agent_id": "id", "hired_on": "v"}


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def landed(
    place: Place, column: str, values: list[str], *, entity: str, field: dict[str, Any], **options: Any
) -> list[Any]:
    """What each value becomes in one file; BAD where its row goes to quarantine for that field."""
    lines = "".join(f"r{i},{quoted(v)}\n" for i, v in enumerate(values))
    place.source({entity: {**field}}, **options).put("a.csv", "id,v\n" + lines)
    assert place.land_one().n_read == len(values)
    found = dict(
        place.rows(*field.keys() & {"agent_id", "plan_id", "queue_id", "case_id"}, column, entity=entity)
    )
    faults = {line: name for line, name, _, _ in place.faults()}
    assert set(faults.values()) <= {column}
    assert not {f"r{line - 2}" for line in faults} & set(found)
    return [BAD if i + 2 in faults else found[f"r{i}"] for i in range(len(values))]


def check(
    place: Place, column: str, expected: dict[str, Any], *, entity: str, field: dict[str, Any], **options: Any
) -> None:
    found = landed(place, column, list(expected), entity=entity, field=field, **options)
    differing = {
        v: (f, e)
        for (v, e), f in zip(expected.items(), found, strict=True)
        if f != e or type(f) is not type(e)
    }
    assert not differing


def check_times(place: Place, expected: dict[str, Any], **options: Any) -> None:
    check(
        place, "valid_from", expected, entity="agents", field={"agent_id": "id", "valid_from": "v"}, **options
    )


def check_dates(place: Place, expected: dict[str, Any], **options: Any) -> None:
    check(place, "hired_on", expected, entity="agents", field=AGENTS, **options)


def test_times_without_a_format_are_iso_8601_and_nothing_else(place: Place) -> None:
    check_times(
        place,
        {
            "2025-01-31": datetime(2025, 1, 31),
            "2025-01-31 10:05": datetime(2025, 1, 31, 10, 5),
            "2025-01-31T10:05:06": datetime(2025, 1, 31, 10, 5, 6),
            "2025-01-31 10:05:06.789012345": datetime(2025, 1, 31, 10, 5, 6, 789012),
            "2025/1/5 9:05": datetime(2025, 1, 5, 9, 5),
            " 2025-01-31 10:05:06 ": datetime(2025, 1, 31, 10, 5, 6),
            "2025-01-31T10:05:06Z": datetime(2025, 1, 31, 10, 5, 6),
            "2025-01-31T10:05:06z": datetime(2025, 1, 31, 10, 5, 6),
            "2025-01-31T10:05:06.000+0000": datetime(2025, 1, 31, 10, 5, 6),
            "2025-01-31T10:05:06+02:00": datetime(2025, 1, 31, 8, 5, 6),
            "2025-01-31 10:05+02": datetime(2025, 1, 31, 8, 5),
            "2025-01-31 10:05:06 -0530": datetime(2025, 1, 31, 15, 35, 6),
            "2025-01-31 10:05:06 UTC": datetime(2025, 1, 31, 10, 5, 6),
            "2025-07-31 10:05:06 Europe/Berlin": datetime(2025, 7, 31, 8, 5, 6),
            "9999-12-31 23:59:59": None,
            "0001-01-01": None,
            "": None,
            "  ": None,
            "2025-02-31": BAD,
            "2025-13-01": BAD,
            "2025-01-31 25:00": BAD,
            "2025-01-31 10:05 PM": BAD,  # a cast would read it as 10:05 in the morning
            "2025-01-31 10:05:06 Nowhere/City": BAD,
            "25-01-31": BAD,  # a cast would read it as the year 25
            "2025-01-31 (BC)": BAD,
            "31.01.2025": BAD,
            "01/02/2025": BAD,
            "20250131": BAD,
            "1738317906": BAD,
            "infinity": None,
            "-infinity": None,
            "epoch": BAD,
            "now": BAD,
            "today": BAD,
            "12:30": BAD,
            "2025-01": BAD,
            "1738317906.5": BAD,
            "yes": BAD,
        },
    )


@pytest.mark.parametrize("between", [" ", "T"])
@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"2025-01-31 10:05 PM": BAD},
        {"epoch": BAD},
        {"25-01-31 10:05:06": BAD},
        {"2025-02-31 10:05:06": BAD},
        {"2025-01-31T10:05:06+02:00": datetime(2025, 1, 31, 8, 5, 6)},
        {"1899-12-31 00:00:00": None},
        {"1900-01-02 00:00:00": datetime(1900, 1, 2)},
        {" 2025-1-5 9:05:06": datetime(2025, 1, 5, 9, 5, 6)},
        {"9999-12-31 23:59:59": None},
        {"0000-00-00 00:00:00": None},
    ],
    ids=lambda odd: next(iter(odd), "none"),
)
def test_a_time_is_the_same_in_every_column(place: Place, odd: dict[str, Any], between: str) -> None:
    """Files whose first times have one format are read in another way than others."""
    usual = [datetime(2025, 1, 1) + timedelta(minutes=i) for i in range(5_000)]
    expected = {moment.isoformat(between): moment for moment in usual} | odd
    check_times(place, expected)
    other = Place(place.root / "other")
    check_times(other, dict(reversed(expected.items())))


def test_times_are_text_to_what_else_reads_their_column(place: Place) -> None:
    feed = {"agent_id": "id", "valid_from": "v", "team_id": "left(v, 4)"}
    place.source({"agents": feed}).put("a.csv", "id,v\n1,2025-01-31 10:05:06\n")
    place.land_one()
    assert place.rows("valid_from", "team_id", entity="agents") == [(datetime(2025, 1, 31, 10, 5, 6), "2025")]


def test_wall_clock_of_a_zone_with_summer_time(place: Place) -> None:
    check_times(
        place,
        {
            "2025-01-15 12:00:00": datetime(2025, 1, 15, 11),
            "2025-07-15 12:00:00": datetime(2025, 7, 15, 10),
            "2025-07-15": datetime(2025, 7, 14, 22),
            "2025-07-15T12:00:00Z": datetime(2025, 7, 15, 12),
            "2025-07-15T12:00:00-04:00": datetime(2025, 7, 15, 16),
            "2025-03-30 01:59:59": datetime(2025, 3, 30, 0, 59, 59),
            "2025-03-30 02:30:00": datetime(2025, 3, 30, 1, 30),  # skipped: the clock showed 03:30
            "2025-03-30 03:00:00": datetime(2025, 3, 30, 1),
            "2025-10-26 01:59:59": datetime(2025, 10, 25, 23, 59, 59),
            "2025-10-26 02:30:00": datetime(2025, 10, 26, 1, 30),  # shown twice: the second, standard time
            "2025-10-26 03:00:00": datetime(2025, 10, 26, 2),
            "1999-07-15 12:00:00": datetime(1999, 7, 15, 10),
            "2099-12-30 23:59:59": datetime(2099, 12, 30, 22, 59, 59),
            "9999-12-31 23:59:59": None,  # never, in every zone
            "0001-01-01": None,
            "1970-01-01 00:00:00": None,
            "1970-01-01 01:00:00": None,  # time 0 of Unix, as a clock in Berlin showed it
            "1970-01-01 02:00:00": datetime(1970, 1, 1, 1),
            "nothing": BAD,
        },
        time_zone="Europe/Berlin",
    )


def test_ends_of_the_calendar_are_placeholders_west_of_greenwich_too(place: Place) -> None:
    expected = {"9999-12-31 23:59:59": None, "0001-01-01": None, "1969-12-31 19:00:00": None}
    check_times(place, expected, time_zone="America/New_York")


PLACEHOLDERS = [
    "0000-00-00", "0000-00-00 00:00:00", "0000-00-00T00:00:00Z", "00.00.0000", "00/00/0000", "00000000", "0", "0:00:00",
    "0000-01-01 00:00:00", "0001-01-01 00:00:00", "0001-01-01T00:00:00+01:00", "1000-01-01", "1601-01-01T00:00:00Z",
    "1753-01-01", "1899-12-30 00:00:00", "1899-12-30 13:44:53", "1900-01-01", "1900-01-01T00:00:00+01:00",
    "1900-01-00", "1/0/1900", "1904-01-01", "1970-01-01", "1970-01-01T00:00:00Z", "1970-01-01T01:00:00+01:00",
    "1969-12-31 23:59:59", "2038-01-19 03:14:07", "2079-06-06 23:59:00", "2099-12-31 23:59:59", "2999-12-31",
    "9999-12-31", "9999-12-31 23:59:59.997", "9999-12-31T23:59:59-05:00", "infinity", " 0000-00-00 ",
]  # fmt: skip
REAL_TIMES = [
    "1900-01-02",
    "1969-07-20 20:17:40",
    "1970-01-02",
    "1970-06-01 12:00:00",
    "2000-01-01",
    "2038-01-18",
]


def test_a_placeholder_is_no_time_and_costs_an_optional_field_nothing_but_itself(place: Place) -> None:
    """A zero date would cost the row, and 1970 or 9999 would be published as a moment."""
    lines = "".join(f"C{i},2025-01-01,{v}\n" for i, v in enumerate([*PLACEHOLDERS, *REAL_TIMES]))
    place.source({"cases": {"case_id": "id", "opened_at": "opened", "closed_at": "closed"}})
    place.put("a.csv", "id,opened,closed\n" + lines)
    delivery = place.land_one()
    assert place.faults() == []
    filled = {row[0] for row in place.rows("case_id", "closed_at") if row[1] is not None}
    first = len(PLACEHOLDERS)
    assert filled == {f"C{i}" for i in range(first, first + len(REAL_TIMES))}
    assert delivery.counts[0].placeholders == (("closed_at", first),)
    assert Manifest(place.home.state).deliveries == [delivery]


def test_a_placeholder_in_a_required_field_sends_the_row_to_quarantine_and_says_why(place: Place) -> None:
    place.source({"cases": {"case_id": "id", "opened_at": "opened", "closed_at": "opened"}})
    place.put("a.csv", "id,opened\nC0,0000-00-00 00:00:00\nC1,1970-01-01 00:00:00\nC2,2025-01-01\n")
    delivery = place.land_one()
    assert place.rows("case_id") == ["C2"]
    reason = "a placeholder and no time"
    assert place.faults() == [
        (2, "opened_at", reason, "9999-99-99 99:99:99"),
        (3, "opened_at", reason, "9999-99-99 99:99:99"),
    ]
    assert delivery.counts[0].placeholders == ()  # of rows that landed


@pytest.mark.parametrize("dates", [["%d.%m.%Y %H:%M:%S"], ["epoch"], ["%Y-%m-%d %H:%M:%S%z"]])
def test_placeholders_are_known_in_every_format(place: Place, dates: list[str]) -> None:
    written = {
        "%d.%m.%Y %H:%M:%S": ["00.00.0000 00:00:00", "01.01.1970 00:00:00", "31.12.9999 23:59:59"],
        "epoch": ["0", "-1", "253402300799"],
        "%Y-%m-%d %H:%M:%S%z": ["1970-01-01 00:00:00+0000", "9999-12-31 00:00:00Z"],
    }
    check_times(place, dict.fromkeys(written[dates[0]]), dates=dates)


def test_a_typed_file_holds_placeholders_too(place: Place) -> None:
    place.source({"cases": {"case_id": "id", "opened_at": "o", "closed_at": "c"}}, format="parquet")
    rows = [("C1", "1970-01-01 00:00:00"), ("C2", "9999-12-31 00:00:00"), ("C3", "2025-01-02 00:00:00")]
    values = ", ".join(f"('{i}', TIMESTAMP '2025-01-01', TIMESTAMP '{c}')" for i, c in rows)
    duckdb.sql(f"COPY (FROM (VALUES {values}) AS t(id, o, c)) TO '{place.exports / 'a.parquet'}'")
    place.land_one()
    assert place.rows("case_id", "closed_at") == [("C1", None), ("C2", None), ("C3", datetime(2025, 1, 2))]


def test_a_clock_at_midnight_before_a_call_began_was_never_set(place: Place) -> None:
    """`day || ' ' || answer` of a call that nobody took would be a wait of minus 14 hours."""
    feed = {"contact_id": "id", "leg_seq": "'1'", "started_at": "day || ' ' || start",
            "answered_at": "day || ' ' || answer", "ended_at": "day || ' ' || \"end\""}  # fmt: skip
    place.source({"legs": feed}, time_zone="Europe/Berlin")
    place.put(
        "a.csv",
        "id,day,start,answer,end\n"
        "lost,2025-07-01,13:44:53,0:00:00,13:50:00\n"
        "taken,2025-07-01,13:44:53,13:45:00,13:50:00\n"
        "late,2025-07-01,00:00:00,00:00:00,00:10:00\n"
        "odd,2025-07-01,13:44:53,13:44:00,13:50:00\n",
    )
    delivery = place.land_one()
    answered = dict(place.rows("contact_id", "answered_at", entity="legs"))
    assert answered == {
        "lost": None,
        "taken": datetime(2025, 7, 1, 11, 45),
        "late": datetime(2025, 6, 30, 22),
        "odd": datetime(2025, 7, 1, 11, 44),
    }
    assert delivery.counts[0].placeholders == (("answered_at", 1),)


def test_the_docs_list_every_placeholder() -> None:
    docs = (PROJECT_ROOT / "docs" / "connecting_an_export.md").read_text(encoding="utf-8")
    for first, _, who in placeholders.MOMENTS:
        assert first.removesuffix(" 00:00:00") in docs, first
        assert who in docs, who
    for examples in placeholders.TEXTS.values():
        assert all(f"`{one}`" in docs for one in examples), examples


def test_zone_of_a_file_set_goes_before_that_of_the_source(place: Place) -> None:
    place.source(time_zone="Europe/Berlin").put("a.csv", csv_text(("C1", "2025-07-15 12:00", "x")))
    text = place.yaml.read_text()
    place.yaml.write_text(text.replace("    glob: '*'", "    glob: '*'\n    time_zone: Asia/Kolkata"))
    place.land_one()
    assert place.rows("opened_at") == [datetime(2025, 7, 15, 6, 30)]


def test_days_are_days_of_the_zone(place: Place) -> None:
    check_dates(
        place,
        {
            "2025-01-31": date(2025, 1, 31),
            "2025-01-31 23:30": date(2025, 1, 31),
            "2025-01-31T23:30:00Z": date(2025, 2, 1),
            "2025-01-31T23:30:00-05:00": date(2025, 2, 1),
            "2025-02-01T00:30:00+05:00": date(2025, 1, 31),
            "2025-02-30": BAD,
            "25-01-31": BAD,
            "infinity": None,
        },
        time_zone="Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["%d/%m/%Y %H:%M", "%d/%m/%Y"], {
            "31/01/2025": datetime(2025, 1, 31), "03/04/2025 15:30": datetime(2025, 4, 3, 15, 30),
            "31/02/2025": BAD, "01/31/2025": BAD, "2025-01-31": BAD, "3/4/25": BAD, "31/01/2025 10:00:00": BAD,
        }),
        (["%m/%d/%Y %I:%M %p"], {
            "01/31/2025 01:05 PM": datetime(2025, 1, 31, 13, 5), "1/5/2025 12:00 AM": datetime(2025, 1, 5),
            "31/01/2025 01:05 PM": BAD, "01/31/2025 13:05": BAD,
        }),
        (["%d.%m.%y"], {"31.01.25": datetime(2025, 1, 31), "31.01.99": datetime(1999, 1, 31), "31.01.2025": BAD}),
        (["%Y%m%d"], {"20250131": datetime(2025, 1, 31), "20250231": BAD, "2025-01-31": BAD}),
        (["%d %b %Y"], {"5 Jan 2025": datetime(2025, 1, 5), "5 Foo 2025": BAD}),
        (["%Y-%m-%dT%H:%M:%S%z"], {
            "2025-01-31T10:00:00Z": datetime(2025, 1, 31, 10), "2025-01-31T10:00:00+0200": datetime(2025, 1, 31, 8),
            "2025-01-31T10:00:00-05:00": datetime(2025, 1, 31, 15), "2025-01-31T10:00:00": BAD,
        }),
        (["%Y-%m-%d %H:%M %Z"], {"2025-07-31 10:00 Europe/Berlin": datetime(2025, 7, 31, 8), "2025-07-31 10:00": BAD}),
        (["epoch"], {
            "1738317906": datetime(2025, 1, 31, 10, 5, 6), "1738317906.5": datetime(2025, 1, 31, 10, 5, 6, 500000),
            "0": None, "-1": None, "1": datetime(1970, 1, 1, 0, 0, 1), "1e400": BAD, "inf": BAD, "nan": BAD,
            "99999999999999999999": BAD, "1738317906000": BAD, "2025-01-31": BAD,
        }),
        (["epoch_ms"], {"1738317906789": datetime(2025, 1, 31, 10, 5, 6, 789000), "x": BAD}),
        (["%d.%m.%Y", "epoch", "%Y-%m-%dT%H:%M:%S%z"], {
            "31.01.2025": datetime(2025, 1, 31), "1738317906": datetime(2025, 1, 31, 10, 5, 6),
            "2025-01-31T10:00:00Z": datetime(2025, 1, 31, 10), "01/31/2025": BAD,
        }),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_date_formats(place: Place, dates: list[str], expected: dict[str, Any]) -> None:
    check_times(place, expected, dates=dates)


def test_formats_with_a_zone_give_its_days(place: Place) -> None:
    check_dates(
        place,
        {
            "1738364400": date(2025, 2, 1),
            "2025-01-31T23:30:00Z": date(2025, 2, 1),
            "31.01.2025": date(2025, 1, 31),
        },
        dates=["epoch", "%Y-%m-%dT%H:%M:%S%z", "%d.%m.%Y"],
        time_zone="Asia/Tokyo",
    )


def test_whole_numbers_are_never_rounded(place: Place) -> None:
    check(
        place,
        "tier",
        {
            "5": 5, "-7": -7, "+7": 7, "007": 7, "5.0": 5, "5.000": 5, " 5 ": 5, "": None,
            "9223372036854775807": 9223372036854775807, "9007199254740993.0": 9007199254740993,
            "9223372036854775808": BAD, "1" * 400: BAD, "1.5": BAD, "5,0": BAD, "1,000": BAD, "1_000": BAD,
            "1e3": BAD, "1e400": BAD, "0x1F": BAD, "five": BAD, "5 ": 5, "--5": BAD, "１２": BAD, "NaN": BAD, "true": BAD,
        },
        entity="agents",
        field={"agent_id": "id", "tier": "v"},
    )  # fmt: skip


NUMBERS = {
    "5": 5.0, "-0.5": -0.5, ".5": 0.5, "5.": 5.0, "1e3": 1000.0, "1.5E-3": 0.0015, "": None,
    "1e400": BAD, "-1e400": BAD, "inf": BAD, "-Infinity": BAD, "NaN": BAD, "1,5": BAD, "1,000.5": BAD, "1_000": BAD,
    "1.5.2": BAD, "0x1F": BAD, "half": BAD, "5%": BAD, "1 000": BAD,
}  # fmt: skip
COMMA_NUMBERS = {
    "5": 5.0, "-0,5": -0.5, "1,5": 1.5, "1.234,5": 1234.5, "1.234.567": 1234567.0, "12.345": 12345.0,
    "1.5": BAD,  # would be fifteen, were the point a thousands mark
    "1.23,4": BAD, "1,5,2": BAD, "1e3": BAD, "": None,
}  # fmt: skip


@pytest.mark.parametrize(("decimal", "expected"), [(".", NUMBERS), (",", COMMA_NUMBERS)])
def test_numbers(place: Place, decimal: str, expected: dict[str, Any]) -> None:
    check(place, "rate", expected, entity="plans", field={"plan_id": "id", "rate": "v"}, decimal=decimal)


def test_decimal_comma_is_for_text_and_not_for_numbers_of_a_typed_file(place: Place) -> None:
    path = place.put("a.parquet", b"")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'P' AS id, 1.5::DOUBLE AS v) TO '{path}' (FORMAT parquet)")
    place.source({"plans": {"plan_id": "id", "rate": "v"}}, format="parquet", decimal=",").land_one()
    assert place.rows("rate", entity="plans") == [1.5]


def test_yes_and_no(place: Place) -> None:
    yes = dict.fromkeys(["true", "TRUE", "t", "Yes", "y", "1", "on"], True)
    no = dict.fromkeys(["false", "F", "no", "N", "0", "off"], False)
    bad = dict.fromkeys(["2", "ja", "1.0", "wahr", "null", "-", "yes no"], BAD)
    field = {"plan_id": "id", "excludes_transferred": "v"}
    check(place, "excludes_transferred", {**yes, **no, **bad, "": None}, entity="plans", field=field)


def test_words_for_nothing(place: Place) -> None:
    expected = {
        "": None,
        "  ": None,
        "-": None,
        " ? ": None,
        "N/A": None,
        "n/a": "n/a",
        "--": "--",
        "0": None,
    }
    field = {"case_id": "id", "opened_at": "'2025-01-01'", "status": "v"}
    check(place, "status", expected, entity="cases", field=field, nulls=["-", "?", "N/A", 0])


def test_words_for_nothing_are_missing_where_a_value_is_required(place: Place) -> None:
    place.source(nulls=["?"]).put(
        "a.csv", csv_text(("?", "2025-01-01", "a"), ("C1", "?", "b"), ('"?"', "2025-01-01", ""))
    )
    place.land_one()
    assert place.bad_lines() == dict.fromkeys([2, 3, 4], "required value is missing")


MAP = {
    "from": "v",
    "map": {"New": "new", "No": "none", "007": "agent", "": "never", "Gone": None, "true": "t"},
}


@pytest.mark.parametrize(
    ("default", "rest"), [({}, "Else"), ({"default": "other"}, "other"), ({"default": None}, None)]
)
def test_value_maps(place: Place, default: dict[str, Any], rest: str | None) -> None:
    expected = {
        "New": "new", " New ": "new", "No": "none", "007": "agent", "7": rest and (rest if rest != "Else" else "7"),
        "Gone": None, "true": "t", "Else": rest, "": None, "  ": None,
    }  # fmt: skip
    field = {"case_id": "id", "opened_at": "'2025-01-01'", "status": MAP | default}
    check(place, "status", expected, entity="cases", field=field)


def test_keys_of_value_maps_are_the_text_of_the_file(place: Place) -> None:
    """YAML alone would read No as false and 007 as 7."""
    place.source().yaml.write_text(
        "source: crm\ntime_zone: UTC\nfiles:\n  cases:\n    glob: a.csv\n    nulls: [0]\n    feeds:\n      cases:\n"
        "        case_id: id\n        opened_at: opened\n        status:\n          from: status\n"
        "          map: {No: never, Yes: always, 007: bond, 2025-01-01: day, 1.50: price, on: off}\n"
    )
    keys = ["No", "Yes", "007", "2025-01-01", "1.50", "on", "0", "1.5"]
    place.put("a.csv", csv_text(*[(f"C{i}", "2025-01-01", key) for i, key in enumerate(keys)]))
    place.land_one()
    assert place.rows("status") == ["never", "always", "bond", "day", "price", "off", None, "1.5"]


def test_value_maps_may_make_other_types(place: Place) -> None:
    mapping = {"from": "v", "map": {"AGENT": "true", "HANG": "no", "?": "perhaps"}}
    field = {"case_id": "id", "opened_at": "'2025-01-01'", "is_sla_met": mapping}
    expected = {"AGENT": True, "HANG": False, "yes": True, "?": BAD, "": None}
    check(place, "is_sla_met", expected, entity="cases", field=field)


def test_a_missing_column_is_not_what_otherwise_says(place: Place) -> None:
    place.source(
        {"cases": {"case_id": "id", "opened_at": "opened", "status": {"from": "gone", "default": "closed"}}}
    )
    place.put("a.csv", csv_text(("C1", "2025-01-01", "")))
    assert place.land_one().columns_missing == ("gone",)
    assert place.rows("status") == [None]


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("coalesce(status, gone)", ()),
        ("coalesce(lost, gone)", ("gone", "lost")),
        ("coalesce(status, gone, 'open')", ("gone",)),
        ("lower(coalesce(status, gone))", ("gone",)),
    ],
)
def test_of_columns_of_which_the_first_filled_one_counts_one_is_enough(
    place: Place, expression: str, missing: tuple[str, ...]
) -> None:
    place.source({"cases": {"case_id": "id", "opened_at": "opened", "status": expression}})
    place.put("a.csv", csv_text(("C1", "2025-01-01", "open")))
    assert place.land_one().columns_missing == missing


def test_a_required_field_may_stand_in_either_column(place: Place) -> None:
    place.source({"cases": {"case_id": "coalesce(id, key)", "opened_at": "opened"}})
    place.put("a.csv", csv_text(("C1", "2025-01-01", "open")))
    place.put("b.csv", csv_text(("C2", "2025-01-01"), header="key,opened"))
    place.put("c.csv", csv_text(("C3", "2025-01-01"), header="number,opened"))
    by_file = {delivery.file: delivery.status for delivery in place.land().deliveries}
    assert by_file == {"a.csv": "landed", "b.csv": "landed", "c.csv": "quarantined"}
    assert place.rows("case_id") == ["C1", "C2"]


FILTERED = ["open", "open", "shut", "", "shut", "odd", ""]


@pytest.mark.parametrize(
    ("where", "n_kept"),
    [("status = 'open'", 2), ("status <> 'open'", 3), ("status IS NULL", 2), ("true", 7), ("NULL", 0),
     ("length(status) > 3 AND CAST(id AS INTEGER) < 4", 3)],
)  # fmt: skip
def test_filters(place: Place, where: str, n_kept: int) -> None:
    feeds = {"cases": {"where": where, "case_id": "id", "opened_at": "opened", "status": "status"}}
    place.source(feeds).put("a.csv", csv_text(*[(str(i), "2025-01-01", s) for i, s in enumerate(FILTERED)]))
    delivery = place.land_one()
    assert (delivery.n_read, delivery.counts[0].n_filtered) == (7, 7 - n_kept)
    assert len(place.rows("case_id")) == n_kept


def test_what_a_filter_leaves_out_is_not_judged(place: Place) -> None:
    feeds = {
        "cases": {"where": "status = 'open'", "case_id": "id", "opened_at": "opened", "status": "status"}
    }
    place.source(feeds).put(
        "a.csv", csv_text(("1", "never", "shut"), ("2", "never", "open"), ("3", "2025-01-01", "open"))
    )
    part = place.land_one().counts[0]
    assert (part.n_landed, part.n_filtered, part.n_quarantined) == (1, 1, 1)
    assert place.bad_lines() == {3: "cannot be read as a date and time"}


def test_a_filter_names_columns_of_the_file_and_not_fields(place: Place) -> None:
    feeds = {
        "cases": {
            "where": "status = 'x'",
            "case_id": "id",
            "opened_at": "opened",
            "status": "upper(reason)",
            "reason": "status",
        }
    }
    place.source(feeds).put("a.csv", "id,opened,status,reason\n1,2025-01-01,x,y\n2,2025-01-01,y,x\n")
    place.land_one()
    assert place.rows("case_id", "status", "reason") == [("1", "Y", "x")]


def test_one_file_feeds_several_entities(place: Place) -> None:
    feeds = {
        "escalations": {
            "where": "status = 'raised'", "escalation_id": "'E-' || id", "requested_at": "opened", "type": "'policy'",
        },
        "cases": {"case_id": "id", "opened_at": "opened", "closed_at": "closed"},
        "notes": {"note_id": "note", "case_id": "id", "created_at": "opened"},
    }  # fmt: skip
    place.source(feeds).put(
        "a.csv",
        "id,opened,closed,status,note\n"
        "1,2025-01-01,,raised,N1\n"
        "2,2025-01-02,never,raised,\n"
        "3,2025-01-03,2025-01-04,,N3\n"
        "4,today,,raised,N4\n"
        "5,2025-01-05\n",
    )  # fmt: skip
    delivery = place.land_one()
    counts = {c.table.partition(".")[2]: (c.n_landed, c.n_filtered, c.n_quarantined) for c in delivery.counts}
    assert (delivery.n_read, delivery.n_damaged) == (5, 1)
    assert counts == {"cases": (2, 0, 2), "notes": (2, 0, 2), "escalations": (2, 1, 1)}
    assert place.rows("case_id") == ["1", "3"]
    assert place.rows("escalation_id", entity="escalations") == ["E-1", "E-2"]
    deliveries = place.exposed(
        "SELECT entity, n_landed + n_filtered + n_quarantined FROM raw_faultline.deliveries"
    )
    assert dict(deliveries) == dict.fromkeys(counts, 5)


def test_an_expression_that_fails_costs_its_row(place: Place) -> None:
    field = {"case_id": "id", "opened_at": "'2025-01-01'", "vendor_reopen_count": "CAST(v AS INTEGER) * 2"}
    expected = {"4": 8, "": None, "john@example.org": BAD, "5": 10}
    check(place, "vendor_reopen_count", expected, entity="cases", field=field)
    assert place.bad_lines() == {4: "the expression fails on this row"}
    assert b"john" not in place.written()


def test_expressions_see_trimmed_values_and_no_blanks(place: Place) -> None:
    field = {"case_id": "id", "opened_at": "'2025-01-01'", "status": "coalesce(v, 'none') || '!'"}
    expected = {" a ": "a!", "": "none!", "  ": "none!", "-": "none!"}
    check(place, "status", expected, entity="cases", field=field, nulls=["-"])


def test_lists(place: Place) -> None:
    expected = {
        "a": ["a"], "a| b |": ["a", "b"], '["a","b"]': ["a", "b"], '[1, null, " x "]': ["1", "x"], "[]": [],
        "[a": ["[a"], "[a]": ["[a]"], "": None, "|": [],
    }  # fmt: skip
    check(place, "channels", expected, entity="plans", field={"plan_id": "id", "channels": "v"})


def test_list_separator_and_lists_of_json_and_parquet(place: Place) -> None:
    check(place, "channels", {"a; b|c": ["a", "b|c"]}, entity="plans",
          field={"plan_id": "id", "channels": "v"}, list_separator=";")  # fmt: skip
    lines = [
        {"id": 1, "v": ["a", " b", None, ""]},
        {"id": 2, "v": []},
        {"id": 3, "v": None},
        {"id": 4},
        {"id": 5, "v": "x|y"},
    ]
    place.source({"plans": {"plan_id": "id", "channels": "v"}}, glob="*.jsonl", format="jsonl")
    place.put("b.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    place.land_one()
    answer = place.exposed("SELECT channels FROM raw_mapped.plans ORDER BY plan_id")
    assert [row[0] for row in answer] == [["a", "b"], [], None, None, ["x", "y"]]
    path = place.put("c.parquet", b"")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 'P' AS id, [' a', NULL, 'b'] AS v) TO '{path}' (FORMAT parquet)")
    place.source({"plans": {"plan_id": "id", "channels": "v"}}, glob="*.parquet", format="parquet").land_one()
    assert place.exposed("SELECT channels FROM raw_mapped.plans") == [(["a", "b"],)]


def test_values_of_json_are_what_was_written(place: Place) -> None:
    big = "123456789012345678901234567890"
    lines = [
        '{"id": 12345678901234567890, "opened": "2025-01-01", "status": true}',
        f'{{"id": {big}, "opened": "2025-01-01", "status": {{"a": [1]}}}}',
        '{"id": "", "opened": "2025-01-01", "status": "x"}',
        '{"id": "3", "opened": "2025-01-01", "status": ""}',
        '{"id": "4", "opened": "2025-01-01", "status": null}',
        '{"id": "5\\u00fc", "opened": "2025-01-01", "status": "a\\nb"}',
    ]
    place.source(format="jsonl").put("a.jsonl", "\n".join(lines))
    place.land_one()
    assert place.rows("case_id", "status") == [
        ("12345678901234567890", "true"), (big, '{"a":[1]}'), ("3", None), ("4", None), ("5ü", "a\nb"),
    ]  # fmt: skip
    assert place.bad_lines() == {3: "required value is missing"}


def test_nested_json_by_arrow(place: Place) -> None:
    feeds = {
        "cases": {
            "case_id": "data->>'$.id'",
            "opened_at": "data->>'$.opened'",
            "owner_id": "list_filter(tags, lambda t: t <> 'a')[1]",
        }
    }
    place.source(feeds, format="jsonl").put(
        "a.jsonl", json.dumps({"data": {"id": "C1", "opened": "2025-01-01"}, "tags": ["a"]}) + "\n"
    )
    assert place.refused().startswith(
        "cases: the mapping does not fit"
    )  # JSON lists are text, and the reason says so
    feeds["cases"]["owner_id"] = "from_json(tags, '[\"VARCHAR\"]')[1]"
    place.source(feeds, format="jsonl").land_one()
    assert place.rows("case_id", "opened_at", "owner_id") == [("C1", datetime(2025, 1, 1), "a")]


def test_typed_columns_of_parquet(place: Place) -> None:
    path = place.put("a.parquet", b"")
    query = """
        SELECT
            12345678901 AS id, TIMESTAMP '2025-07-01 12:00:00' AS naive, TIMESTAMPTZ '2025-07-01 12:00:00+00' AS aware,
            DATE '2025-07-01' AS day, 1751371200 AS epoch, true AS flag, 2.5::DECIMAL(9, 2) AS amount, 3::TINYINT AS small
    """
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = 'UTC'; COPY ({query}) TO '{path}' (FORMAT parquet)")
    feeds = {
        "cases": {"case_id": "id", "opened_at": "naive", "closed_at": "aware", "is_sla_met": "flag", "vendor_reopen_count": "small"},
        "agents": {"agent_id": "id", "valid_from": "day", "valid_to": {"from": "epoch", "dates": ["epoch"]}, "hired_on": "aware"},
        "plans": {"plan_id": "id", "rate": "amount"},
    }  # fmt: skip
    place.source(feeds, format="parquet", time_zone="Asia/Tokyo").land_one()
    assert place.rows("case_id", "opened_at", "closed_at", "is_sla_met", "vendor_reopen_count") == [
        ("12345678901", datetime(2025, 7, 1, 3), datetime(2025, 7, 1, 12), True, 3)
    ]
    assert place.rows("valid_from", "valid_to", "hired_on", entity="agents") == [
        (datetime(2025, 6, 30, 15), datetime(2025, 7, 1, 12), date(2025, 7, 1))
    ]
    assert place.rows("rate", entity="plans") == [2.5]


def test_a_number_of_a_typed_file_is_no_time_by_itself(place: Place) -> None:
    path = place.put("a.parquet", b"")
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 'C' AS id, 1751371200 AS opened, 'x' AS status) TO '{path}' (FORMAT parquet)"
        )
    place.source(format="parquet").land_one()
    assert place.faults() == [(1, "opened_at", "cannot be read as a date and time", "9999999999")]


# ---------------------------------------------------------------- identifiers that a spreadsheet has bent


def check_ids(place: Place, expected: dict[str, Any], **options: Any) -> None:
    check(place, "group_id", expected, entity="cases", field=CASES_WITH_GROUP, **options)


CASES_WITH_GROUP = {"case_id": "id", "opened_at": "'2024-01-01'", "group_id": "v"}


def test_a_whole_number_with_decimals_of_nothing_is_the_same_identifier(place: Place) -> None:
    check_ids(
        place,
        {
            "7001": "7001",
            "7001.0": "7001",
            "7001.00": "7001",
            "007001.0": "007001",
            "-1.0": "-1",
            "7001.5": "7001.5",
            "1.10": "1.10",
            "10.0.0.0": "10.0.0.0",
            "7001,0": "7001,0",
            "A7001.0": "A7001.0",
            "1700000000.12": "1700000000.12",
            "9007199254740992.0": "9007199254740992",
        },
    )


def test_with_a_decimal_comma_so_is_one_with_a_comma_and_thousands_are_not(place: Place) -> None:
    check_ids(place, {"7001,0": "7001", "7001.0": "7001", "7.000": "7.000"}, decimal=",")


def test_an_identifier_that_has_lost_digits_goes_to_quarantine_with_its_reason(place: Place) -> None:
    expected = dict.fromkeys(
        [
            *("5.00E+17", "1.23457E+11", "5E17", "5e17", "5E+17", "5,00E+17", "5.0E17", "1.5e-7"),
            *("9007199254740994.0", "123456789012345678.00"),
        ],
        BAD,
    )
    check_ids(place, {**expected, "7001": "7001", "12345678901234567890": "12345678901234567890"})
    assert {f[2] for f in place.faults()} == {
        "cannot be used: its digits are lost, as spreadsheets shorten long numbers"
    }
    assert {f[3] for f in place.faults()} >= {"9.99x+99", "9x99"}


def test_what_looks_like_an_exponent_is_a_code_where_other_codes_have_letters(place: Place) -> None:
    check_ids(place, {"1E5": "1E5", "12E5": "12E5", "4F2A": "4F2A", "5E17": "5E17", "5.00E+17": BAD})


def test_two_cases_are_not_one_because_a_spreadsheet_shortened_their_numbers(place: Place) -> None:
    place.source().put(
        "a.csv", "id,opened,status\n5.00E+17,2024-01-01,a\n5.00E+17,2024-01-02,b\n7,2024-01-03,c"
    )
    delivery = place.land_one()
    assert (delivery.n_landed, delivery.n_quarantined) == (1, 2)
    assert place.rows("case_id") == ["7"]


def test_numbers_of_typed_files_are_identifiers_as_far_as_their_digits_are_kept(place: Place) -> None:
    rows = "(VALUES (7001.0::DOUBLE, 'a'), (5e17::DOUBLE, 'b'), (9007199254740994::DOUBLE, 'c')) AS t(id, status)"
    place.source({"cases": {**CASES_WITH_GROUP, "group_id": "status"}}, format="parquet")
    duckdb.execute(f"COPY (SELECT * FROM {rows}) TO '{place.exports / 'a.parquet'}'")
    assert place.land_one().n_quarantined == 2
    assert place.rows("case_id", "group_id") == [("7001", "a")]


def test_exact_decimals_of_typed_files_keep_all_their_digits(place: Place) -> None:
    place.source({"cases": CASES_WITH_GROUP}, format="parquet")
    rows = "(VALUES (9007199254740995.00::DECIMAL(20, 2), 'a')) AS t(id, v)"
    duckdb.execute(f"COPY (SELECT * FROM {rows}) TO '{place.exports / 'a.parquet'}'")
    place.land_one()
    assert place.rows("case_id") == ["9007199254740995"]


def test_numbers_of_json_are_the_same_identifiers_as_text(place: Place) -> None:
    place.source({"cases": {**CASES_WITH_GROUP, "group_id": "v"}}, format="jsonl")
    lines = [
        '{"id": 7001.0, "v": "7001"}',
        '{"id": "7002.00", "v": 7001}',
        '{"id": 5e17}',
        '{"id": 18446744073709551615}',
    ]
    place.put("a.jsonl", "\n".join(lines))
    assert place.land_one().n_quarantined == 1
    assert sorted(place.rows("case_id", "group_id")) == [
        ("18446744073709551615", None),
        ("7001", "7001"),
        ("7002", "7001"),
    ]


def test_hashed_identifiers_agree_as_well(place: Place) -> None:
    place.source({"customers": {"customer_id": "id"}})
    place.put("a.csv", "id\n7001.0\n").parent.joinpath("b.csv").write_text(
        "id\n7001\n5E+17\n", encoding="utf-8"
    )
    place.land()
    found = place.rows("customer_id", entity="customers")
    assert (len(found), len(set(found))) == (2, 1)


def test_lists_of_identifiers_and_the_values_of_changes_agree_as_well(place: Place) -> None:
    place.source(
        {"notes": {"note_id": "id", "case_id": "id", "created_at": "'2024-01-01'", "rendered_for": "v"}}
    )
    place.put("a.csv", "id,v\n1.0,7001.0|7002|x\n")
    place.land_one()
    assert place.rows("case_id", "rendered_for", entity="notes") == [("1", ["7001", "7002", "x"])]


def test_the_owner_that_a_change_names_is_the_agent(place: Place) -> None:
    changes = {
        "case_id": "id",
        "field": "'owner'",
        "old_value": "a",
        "new_value": "b",
        "changed_at": "'2024-01-01'",
    }
    place.source({"case_changes": changes}).put("a.csv", "id,a,b\n1,7001.0,7002.0\n2,open,5.00E+17\n")
    assert place.land_one().n_quarantined == 1
    assert place.rows("old_value", "new_value", entity="case_changes") == [("7001", "7002")]


@pytest.mark.parametrize(
    ("number", "same"), [("4930123456.0", "4930123456"), ("+4930123456.00", "+4930123456")]
)
def test_a_phone_number_out_of_a_column_of_numbers_is_the_number(number: str, same: str) -> None:
    assert normalise_phone(number, "DE") == normalise_phone(same, "DE")


def test_a_phone_number_with_an_exponent_is_nobodys() -> None:
    assert normalise_phone("4.93012E+11", "DE") == (None, "invalid")


DURATIONS = {
    "372": 372.0, "0.5": 0.5, "00:06:12": 372.0, "6:12": 372.0, "75:30": 4530.0, "00:00:07.250": 7.25, " 0:35 ": 35.0,
    "1 day 02:00:00": 93600.0, "2 days, 0:00:01": 172801.0, "1.02:03:04": 93784.0, "1.0 Days": 86400.0,
    "6 min 12 s": 372.0, "2 min 3 s": 123.0, "2 Minuten und 3 Sekunden": 123.0, "1 Std. 5 Min": 3900.0, "0.5 hours": 1800.0,
    "0,5 Hours": 1800.0, "1h2m3s": 3723.0, "PT6M12S": 372.0, "250 ms": 0.25, "": None,
    "12:61": BAD, "10:00 PM": BAD, "1:2:3:4": BAD, "-00:05": BAD, "soon": BAD, "s": BAD, "2025-01-31 10:00:00": BAD,
}  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_seconds_are_read_from_durations_of_every_spelling(place: Place, form: str) -> None:
    """Otherwise a log of calls lands without the length of any call."""
    lines = [{"id": f"r{i}", "at": "2025-01-01", "v": text} for i, text in enumerate(DURATIONS)]
    if form == "csv":
        content = "id,at,v\n" + "".join(f"{one['id']},{one['at']},{quoted(one['v'])}\n" for one in lines)
    else:
        content = "".join(json.dumps(one) + "\n" for one in lines)
    fields = {"contact_id": "id", "channel": "'voice'", "started_at": "at", "duration_seconds": "v"}
    place.source({"contacts": fields}, format=form).put("a", content)
    place.land_one()
    found = dict(place.rows("contact_id", "duration_seconds", entity="contacts"))
    assert {text: found.get(f"r{i}", BAD) for i, text in enumerate(DURATIONS)} == DURATIONS


@pytest.mark.parametrize("written", ["v", "seconds(v)", "seconds(v) * 60"])
@pytest.mark.parametrize(
    ("decimal", "durations"),
    [
        (",", {"1.234,5": 1234.5, "2,5": 2.5, "1.234": 1234, "1.234,5 s": 1234.5, "1.500 ms": 1.5, "0,5 h": 1800,
               "0.5 h": 1800, "00:06:12,5": 372.5, "00:06:12.250": 372.25, "12": 12, "1.23.4": None}),
        (".", {"2.5": 2.5, "1.234": 1.234, "1,234": None, "1,234 s": None, "1.234 s": 1.234, "0,5 h": 1800,
               "1,234.5": None, "12": 12}),
    ],
)  # fmt: skip
def test_durations_follow_the_decimal_mark_of_the_file(
    place: Place, decimal: str, durations: dict[str, float | None], written: str
) -> None:
    """Otherwise a call of 1.234 seconds by a German export lasts one second."""
    content = "id,at,v\n" + "".join(f"r{i},2025-01-01,{quoted(v)}\n" for i, v in enumerate(durations))
    fields = {"contact_id": "id", "channel": "'voice'", "started_at": "at", "duration_seconds": written}
    place.source({"contacts": fields}, decimal=decimal).put("a.csv", content)
    place.land_one()
    found = dict(place.rows("contact_id", "duration_seconds", entity="contacts"))
    factor = 60 if "*" in written else 1
    right = {v: n if n is None else n * factor for v, n in durations.items()}
    assert {v: found.get(f"r{i}") for i, v in enumerate(durations)} == pytest.approx(right, nan_ok=True)
