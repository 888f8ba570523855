"""JSON in envelopes, and keys and columns whose case varies: every record lands, or is reported."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from orchestration.landing.read import documents, json_stream
from orchestration.landing.read.documents import JsonLayout
from tests.stages.place import Place

RECORDS = [
    {"id": 1, "opened": "2024-01-01 10:00:00", "status": "open"},
    {"id": 2, "opened": "2024-01-02 10:00:00", "status": "new"},
]
LANDED = [("1", "open"), ("2", "new")]


def landed(place: Place) -> list[tuple[Any, ...]]:
    return sorted(place.rows("case_id", "status"))


# ---------------------------------------------------------------- wrappers, in mapped sources


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("records", "wrap"),
    [
        ("tickets", lambda rows: {"tickets": rows, "next_page": None, "count": 2}),
        ("tickets", lambda rows: {"count": 2, "users": [{"id": 9}], "tickets": rows}),
        ("result", lambda rows: {"result": rows}),
        ("data.tickets", lambda rows: {"data": {"more": 1, "tickets": rows}, "errors": []}),
        ("Tickets", lambda rows: {"tickets": rows}),
        ("tickets", lambda rows: [{"tickets": rows[:1]}, {"tickets": rows[1:]}]),
        ("tickets", lambda rows: rows),  # not wrapped at all
        ("ticket", lambda rows: [{"ticket": row} for row in rows]),
    ],
)
def test_records_are_taken_out_of_what_wraps_them(
    place: Place, records: str, wrap: Any, indent: int | None
) -> None:
    place.source(format="json", records=records).put("a.json", json.dumps(wrap(RECORDS), indent=indent))
    assert place.land_one().n_landed == 2
    assert landed(place) == LANDED


def test_pages_one_after_another_and_lines_without_a_wrapper_may_stand_in_one_file(place: Place) -> None:
    lines = [json.dumps({"tickets": RECORDS[:1]}), json.dumps(RECORDS[1]), json.dumps({"tickets": []})]
    place.source(format="jsonl", records="tickets").put("a.jsonl", "\n".join(lines))
    place.land_one()
    assert landed(place) == LANDED


def test_a_document_that_is_no_page_is_a_row_in_quarantine_and_not_nothing(place: Place) -> None:
    lines = [json.dumps({"tickets": RECORDS}), json.dumps({"error": "rate limit"})]
    place.source(format="jsonl", records="tickets").put("a.jsonl", "\n".join(lines))
    delivery = place.land_one()
    assert (delivery.n_read, delivery.n_landed, delivery.n_quarantined) == (3, 2, 1)


def test_an_empty_page_holds_nothing(place: Place) -> None:
    place.source(format="json", records="tickets").put("a.json", '{"tickets": [], "next_page": null}')
    delivery = place.land_one()
    assert (delivery.status, delivery.n_read) == ("landed", 0)


def test_a_wrapper_may_be_larger_than_what_the_engine_takes_for_one_document(place: Place) -> None:
    rows = [{**RECORDS[0], "id": i, "filler": "x" * 1000} for i in range(20_000)]
    place.source(format="json", records="tickets", ignore_columns=["filler"])
    place.put("a.json.gz", gzip.compress(json.dumps({"tickets": rows}).encode(), 1))
    assert place.land_one().n_landed == 20_000


def test_a_wrapper_that_is_cut_off_is_refused_whole(place: Place) -> None:
    text = json.dumps({"tickets": RECORDS})
    place.source(format="json", records="tickets").put("a.json", text[:-20])
    assert place.refused() == "damaged, or not JSON; deliver it again"


def test_values_in_a_wrapper_stay_as_they_are_written(place: Place) -> None:
    text = (
        '{"tickets": [{"id": 18446744073709551615, "opened": "2024-01-01", "status": "a\\nb \\u00e9 1.50"}]}'
    )
    place.source(format="json", records="tickets").put("a.json", text)
    place.land_one()
    assert landed(place) == [("18446744073709551615", "a\nb é 1.50")]


def test_without_the_setting_the_reason_names_what_was_found_and_what_to_write(place: Place) -> None:
    place.source(format="json").put("a.json", json.dumps({"result": RECORDS, "next": None}))
    reason = "found an object with keys result, next; expected one object a record with id, opened"
    assert f"{reason}; add `records: result`" in place.refused()


def test_a_list_is_read_where_lines_are_declared(place: Place) -> None:
    place.source(format="jsonl").put("a.jsonl", json.dumps(RECORDS, indent=1))
    place.land_one()
    assert landed(place) == LANDED


# ---------------------------------------------------------------- keys whose case varies


def test_a_key_that_is_written_in_two_ways_fills_its_field_in_every_record(place: Place) -> None:
    rows = [RECORDS[0], {"id": 2, "opened": "2024-01-02 10:00:00", "Status": "new"}]
    place.source(format="jsonl").put("a.jsonl", "\n".join(map(json.dumps, rows)))
    place.land_one()
    assert landed(place) == LANDED


@pytest.mark.parametrize("form", ["array", "pretty", "documents", "pages"])
def test_so_it_does_in_every_arrangement(place: Place, form: str) -> None:
    rows = [{"ID": 1, "OPENED": "2024-01-01", "STATUS": "open"}, {**RECORDS[1]}]
    text = {
        "array": json.dumps(rows),
        "pretty": json.dumps(rows, indent=2),
        "documents": "\n".join(json.dumps(row, indent=2) for row in rows),
        "pages": json.dumps({"Tickets": rows}),
    }[form]
    options = {"records": "tickets"} if form == "pages" else {}
    place.source(format="json", **options).put("a.json", text)
    place.land_one()
    assert landed(place) == LANDED


def test_two_spellings_in_one_record_give_way_where_empty_and_are_quarantined_where_different(
    place: Place,
) -> None:
    lines = [
        '{"id": 1, "opened": "2024-01-01", "Status": null, "status": "open"}',
        '{"id": 2, "opened": "2024-01-01", "Status": "new", "status": null}',
        '{"id": 3, "opened": "2024-01-01", "Status": "new", "status": "new"}',
        '{"id": 4, "opened": "2024-01-01", "Status": "new", "status": "open"}',
    ]
    place.source(format="jsonl").put("a.jsonl", "\n".join(lines))
    delivery = place.land_one()
    assert (delivery.n_read, delivery.n_landed, delivery.n_damaged) == (4, 3, 1)
    assert landed(place) == [("1", "open"), ("2", "new"), ("3", "new")]
    reason = "`Status` and `status` differ in one record; which of them counts nobody can say"
    assert place.faults() == [(4, "", reason, "")]


def test_in_arrays_the_record_that_contradicts_itself_is_named_by_its_number(place: Place) -> None:
    rows = [RECORDS[0], {**RECORDS[1], "Status": "open"}]
    place.source(format="json").put("a.json", json.dumps(rows))
    delivery = place.land_one()
    assert (delivery.n_landed, delivery.n_damaged) == (1, 1)
    assert [fault[0] for fault in place.faults()] == [2]


def test_keys_inside_objects_vary_as_well(place: Place) -> None:
    rows = [
        {"id": 1, "opened": "2024-01-01", "state": {"Label": "open"}},
        {"id": 2, "opened": "2024-01-01", "state": {"label": "new"}},
        {"id": 3, "opened": "2024-01-01", "State": {"LABEL": "closed"}},
    ]
    fields = {"case_id": "id", "opened_at": "opened", "status": "state->>'$.Label'"}
    place.source({"cases": fields}, format="jsonl").put("a.jsonl", "\n".join(map(json.dumps, rows)))
    place.land_one()
    assert landed(place) == [("1", "open"), ("2", "new"), ("3", "closed")]


def test_files_of_one_batch_may_spell_keys_differently(place: Place) -> None:
    place.source(format="jsonl")
    place.put("a.jsonl", json.dumps(RECORDS[0])).parent.joinpath("b.jsonl").write_text(
        json.dumps({"ID": 2, "Opened": "2024-01-02", "STATUS": "new"}), encoding="utf-8"
    )
    place.land()
    assert landed(place) == LANDED


def test_a_damaged_line_beside_varying_keys_costs_itself_alone(place: Place) -> None:
    lines = [
        json.dumps(RECORDS[0]),
        '{"id": ',
        json.dumps({"id": 2, "opened": "2024-01-02", "Status": "new"}),
    ]
    place.source(format="jsonl").put("a.jsonl", "\n".join(lines))
    delivery = place.land_one()
    assert (delivery.n_landed, delivery.n_damaged) == (2, 1)
    assert landed(place) == LANDED


# ---------------------------------------------------------------- vendors


CONVERSATION = {
    "conversationId": "c1",
    "conversationStart": "2024-01-01T10:00:00.000Z",
    "conversationEnd": "2024-01-01T10:05:00.000Z",
    "participants": [],
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: one,
        lambda one: [one],
        lambda one: {"conversations": [one], "totalHits": 1},
        lambda one: [{"conversations": [one]}],
        lambda one: {"data": [one]},
    ],
)
def test_a_conversation_lands_however_it_is_wrapped(place: Place, wrap: Any, indent: int | None) -> None:
    place.vendor("genesys_cloud", "conversations")
    place.put("conversations.json", json.dumps(wrap(CONVERSATION), indent=indent))
    place.land_one()
    assert place.rows("conversation_id", entity="conversations") == ["c1"]


def test_bare_conversations_may_stand_one_a_line(place: Place) -> None:
    place.vendor("genesys_cloud", "conversations")
    lines = [json.dumps({**CONVERSATION, "conversationId": f"c{i}"}) for i in range(3)]
    place.put("conversations.jsonl", "\n".join(lines))
    place.land_one()
    assert sorted(place.rows("conversation_id", entity="conversations")) == ["c0", "c1", "c2"]


TICKETS = [
    {"id": i, "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-02T00:00:00Z", "status": "open"}
    for i in (1, 2)
]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, TICKETS)),
        json.dumps(TICKETS),
        json.dumps({"tickets": TICKETS}),
        "\n".join(json.dumps({"ticket": ticket}) for ticket in TICKETS),
        json.dumps({"users": [{"id": 5}], "tickets": TICKETS, "count": 2}, indent=2),
    ],
)
def test_tickets_land_as_zendesk_exports_them_whole_and_as_pages(place: Place, text: str) -> None:
    place.vendor("zendesk", "tickets").put("tickets.json", text)
    place.land_one()
    assert sorted(place.rows("ticket_id", entity="tickets")) == ["1", "2"]


CONTACT = {"ContactId": "k1", "Channel": "VOICE", "InitiationTimestamp": "2024-01-01T10:00:00Z"}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "wrap", [lambda c: c, lambda c: [c], lambda c: {"Contacts": [c]}, lambda c: {"Contact": c}]
)
def test_contact_records_land_however_they_are_wrapped(place: Place, wrap: Any, indent: int | None) -> None:
    place.vendor("amazon_connect", "contact_records")
    place.put("contact_records.json", json.dumps(wrap(CONTACT), indent=indent))
    place.land_one()
    assert place.rows("contact_id", entity="contact_records") == ["k1"]


def test_what_a_connector_cannot_place_is_reported_with_what_it_expected(place: Place) -> None:
    place.vendor("zendesk", "tickets").put("tickets.json", '{"error": "RecordInvalid"}')
    reason = place.refused()
    assert "found an object with keys error; expected pages with a list tickets" in reason


# ---------------------------------------------------------------- the reader itself


def rewritten(tmp_path: Path, text: str, form: JsonLayout) -> list[Any]:
    path = tmp_path / "in.json"
    path.write_text(text, encoding="utf-8")
    wrapped = documents.wrapping(path, form)
    done = documents.rewrite(path, tmp_path / "out", form, wrapped, recasts=True)
    lines = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(done.numbers)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_records_are_the_same_wherever_reading_pauses(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream, "_FIRST_CHARACTERS", size)
    rows = [{"id": i, "text": 'é"]}, ' * i, "n": [1.5e3, -2, {"x": []}]} for i in range(12)]
    text = (
        json.dumps({"a": 123, "tickets": rows, "z": "y"}, ensure_ascii=False, indent=1)
        + " \n"
        + json.dumps(rows)
    )
    assert rewritten(tmp_path, text, JsonLayout(records=("tickets",))) == rows + rows


# ---------------------------------------------------------------- columns of one name


@pytest.mark.parametrize(
    "header", ["id,opened,Status,status", "id,opened,status,status", "id,opened, STATUS ,status"]
)
def test_columns_of_one_name_fill_the_field_and_a_row_in_which_they_differ_is_quarantined(
    place: Place, header: str
) -> None:
    rows = ["1,2024-01-01,open,", "2,2024-01-01,,new", "3,2024-01-01,new,new", "4,2024-01-01,new,open"]
    place.source().put("a.csv", "\ufeff" + "\n".join([header, *rows]) + "\n")
    delivery = place.land_one()
    assert (delivery.n_landed, delivery.n_quarantined, delivery.columns_extra) == (3, 1, ())
    assert landed(place) == [("1", "open"), ("2", "new"), ("3", "new")]
    ((line, column, reason, _),) = place.faults()
    assert (line, column) == (5, "(record)")
    assert reason.lower() == "columns of one name differ: status"


def test_a_second_column_of_a_name_can_be_mapped_by_its_own_name(place: Place) -> None:
    fields = {"case_id": "id", "opened_at": "opened", "status": "name", "product": "name_"}
    place.source({"cases": fields}).put("a.csv", "id,opened,name,name\n1,2024-01-01,a,b\n")
    place.land_one()
    assert place.rows("status", "product") == [("a", "b")]


def test_times_in_columns_of_one_name_are_read_from_whichever_is_filled(place: Place) -> None:
    place.source().put(
        "a.csv", "id,Opened,opened,status\n1,2024-01-01 10:00:00,,a\n2,,2024-01-02 10:00:00,b\n"
    )
    place.land_one()
    assert sorted(str(row) for row in place.rows("opened_at")) == [
        "2024-01-01 10:00:00",
        "2024-01-02 10:00:00",
    ]


def test_parquet_may_have_columns_that_differ_by_case_or_blanks_only(place: Place) -> None:
    names = ["id ", "opened", "Status", "status"]
    columns = [["1", "2", "3"], ["2024-01-01"] * 3, ["open", None, "new"], [None, "new", "open"]]
    parquet.write_table(
        pa.Table.from_arrays([pa.array(values) for values in columns], names=names),
        place.exports / "a.parquet",
    )
    place.source(format="parquet")
    delivery = place.land_one()
    assert (delivery.n_landed, delivery.n_quarantined, delivery.columns_extra) == (2, 1, ())
    assert landed(place) == LANDED


def test_headers_may_differ_by_case_and_blanks_between_files(place: Place) -> None:
    place.source()
    place.put("a.csv", "id,opened,status\n1,2024-01-01,open\n")
    place.put("b.csv", " ID ,\u00a0Opened,STATUS\u200b\n2,2024-01-01,new\n")
    place.land()
    assert landed(place) == LANDED
