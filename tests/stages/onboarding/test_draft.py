"""A draft says what an export holds, loads as it stands, and gives no personal data away."""

import csv
import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.base.text import one_line, plain, scalar
from orchestration.errors import ConfigurationError
from orchestration.landing import pipeline
from orchestration.onboarding.dates import date_readings
from orchestration.onboarding.draft import draft, source_name
from orchestration.settings import Home
from orchestration.sources import source_files
from orchestration.sources.source_errors import SourceError


def write_csv(path: Path, header: list[str], rows: list[list[object]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([header, *rows])
    return path


def loaded(text: str, folder: Path) -> source_files.Source:
    path = folder / "draft.yml"
    path.write_text(text, encoding="utf-8")
    return source_files.load(path)


def feed_of(source: source_files.Source) -> source_files.Feed:
    """The feed of what the file is taken for; its rows may feed others too."""
    ((feed, *_),) = source.feeds.values()
    return feed


def expressions(source: source_files.Source) -> dict[str, str]:
    return {name: mapping.expression for name, mapping in feed_of(source).mappings.items()}


def landed_rows(source: source_files.Source, exports: Path, home: Path) -> set[tuple[str, int, int]]:
    """Entities, rows landed and rows quarantined of the one file there is."""
    home.mkdir()
    (result,) = pipeline.land([source], exports, Home(home).create(), salt=b"test")
    (delivery,) = result.deliveries
    return {(part.table.partition(".")[2], part.n_landed, part.n_quarantined) for part in delivery.counts}


# ---------------------------------------------------------------- exports as vendors write them


def salesforce_cases(folder: Path) -> Path:
    header = [
        "Id",
        "CaseNumber",
        "AccountId",
        "Status",
        "Origin",
        "Priority",
        "OwnerId",
        "CreatedDate",
        "ClosedDate",
    ]
    rows = [
        [f"500{i:04}", f"{i:08}", f"001{i % 9}", ["New", "Working", "Closed"][i % 3],
         ["Phone", "Web", "Email"][i % 3], "High", f"005{i % 4}", f"2024-02-{i % 28 + 1:02}T10:00:00Z", ""]
        for i in range(40)
    ]  # fmt: skip
    return write_csv(folder / "Case.csv", header, rows)


def salesforce_history(folder: Path) -> Path:
    header = ["Id", "CaseId", "Field", "OldValue", "NewValue", "CreatedDate", "CreatedById"]
    rows = [
        [f"017{i}", f"500{i // 4}", ["Status", "Owner"][i % 2], "a", "b", f"2024-02-01T10:{i:02}:00Z", "005"]
        for i in range(40)
    ]
    return write_csv(folder / "CaseHistory.csv", header, rows)


def servicenow_incidents(folder: Path) -> Path:
    header = [
        "number",
        "caller_id",
        "opened_at",
        "closed_at",
        "incident_state",
        "contact_type",
        "assignment_group",
    ]
    rows = [
        [f"INC{i:07}", f"Caller {i}", f"{i % 27 + 1}/2/2024 01:{i:02}", "?", "Active", "Phone", "Group 7"]
        for i in range(40)
    ]
    return write_csv(folder / "incident.csv", header, rows, ";")


def zendesk_comments(folder: Path) -> Path:
    header = ["id", "ticket_id", "user_id", "created", "public", "body"]
    rows = [
        [10_000 + i, 7000 + i // 2, 40 + i % 3, f"2024-02-01 07:{i:02}:14", "TRUE", "text"] for i in range(30)
    ]
    return write_csv(folder / "ticket_comment.csv", header, rows)


def connect_contacts(folder: Path) -> Path:
    lines = [
        json.dumps(
            {
                "ContactId": f"c-{i}",
                "InitialContactId": f"c-{i}",
                "Channel": "VOICE",
                "InitiationTimestamp": "2024-02-01T10:00:00Z",
                "DisconnectTimestamp": "2024-02-01T10:05:00Z",
                "CustomerEndpoint": {"Address": "+4930123456", "Type": "TELEPHONE_NUMBER"},
                "Queue": {"Name": "Billing"},
            }
        )
        for i in range(25)
    ]
    path = folder / "contact_records.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def quality_evaluations(folder: Path) -> Path:
    records = [
        {"evaluationId": f"e{i}", "conversation": {"id": f"c{i}"}, "totalScore": 91.5, "status": "FINISHED",
         "releaseDate": "2024-02-01T10:00:00Z", "evaluator": {"id": "q1"}}
        for i in range(5)
    ]  # fmt: skip
    path = folder / "evaluations.json"
    path.write_text(json.dumps(records, indent=1), encoding="utf-8")
    return path


def genesys_conversations(folder: Path) -> Path:
    records = [
        {"conversationId": f"c{i}", "conversationStart": "2024-02-01T10:00:00Z", "participants": []}
        for i in range(5)
    ]
    path = folder / "page.json"
    path.write_text(json.dumps({"conversations": records}), encoding="utf-8")
    return path


def survey_parquet(folder: Path) -> Path:
    path = folder / "csat_survey.parquet"
    duckdb.sql(
        "SELECT 'r' || range AS response_id, 'csat' AS kind, range % 5 AS score, "
        "TIMESTAMP '2024-02-01 10:00:00' AS completed_at FROM range(30)"
    ).write_parquet(str(path))
    return path


def roster_in_zip(folder: Path) -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter="\t").writerows(
        [["Employee", "Shift start", "Shift end"]]
        + [[f"E{i}", f"{i % 27 + 1:02}.02.2024 08:00", f"{i % 27 + 1:02}.02.2024 16:00"] for i in range(40)]
    )
    path = folder / "roster.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/junk", "x")
        archive.writestr("roster.tsv", text.getvalue())
    return path


@pytest.mark.parametrize(
    ("make", "entity", "n"),
    [
        (salesforce_cases, "cases", 40),
        (salesforce_history, "case_changes", 40),
        (servicenow_incidents, "cases", 40),
        (zendesk_comments, "notes", 30),
        (connect_contacts, "contacts", 25),
        (quality_evaluations, "evaluations", 5),
        (survey_parquet, "surveys", 30),
        (roster_in_zip, "rosters", 40),
    ],
)
def test_draft_of_a_vendor_like_export_loads_and_lands(make, entity, n, tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    source = loaded(draft(make(exports), exports), tmp_path)
    of_legs = {("legs", n, 0)} if make is connect_contacts else set()  # its rows name queues
    assert landed_rows(source, exports, tmp_path / "home") == {(entity, n, 0), *of_legs}


def test_columns_find_their_fields_and_values_their_words(tmp_path):
    source = loaded(draft(salesforce_cases(tmp_path)), tmp_path)
    found = expressions(source)
    assert found["case_id"] == "CaseNumber"
    assert found["customer_id"] == "AccountId"
    assert found["opened_at"] == "CreatedDate"
    mappings = feed_of(source).mappings
    assert mappings["status"].map == {"New": "new", "Working": "open", "Closed": "closed"}
    assert mappings["channel"].map == {"Phone": "voice", "Web": "web", "Email": "email"}


@pytest.mark.parametrize(
    ("header", "closed", "resolved"),
    [
        ("Ticket ID,Created,Closed at,Resolved at,Status", "Closed at", "Resolved at"),
        ("Ticket ID,Created,Resolved on,Closed time,Status", "Closed time", "Resolved on"),
        ("Number,Opened,Closed,Resolved,State", "Closed", "Resolved"),
        ("Ticket ID,Created,Resolved at,Status", "Resolved at", None),
        ("Ticket ID,Created,Resolved,Status", "Resolved", None),
    ],
)
def test_a_time_of_resolution_closes_a_case_only_where_nothing_else_does(header, closed, resolved, tmp_path):
    columns = header.split(",")
    times = [f"2024-02-0{day} 10:00" for day in range(1, len(columns) - 1)]
    rows = [[f"T-{n}", *times, "Closed"] for n in range(5)]
    found = expressions(loaded(draft(write_csv(tmp_path / "tickets.csv", columns, rows)), tmp_path))
    assert found["closed_at"].strip('"') == closed
    assert found.get("vendor_resolved_at", "").strip('"') == (resolved or "")


def german_calls(folder: Path, encoding: str = "cp1252") -> Path:
    header = "Anruf-Nr;Rufnummer;Eingang;Angenommen;Beendet;Warteschlange;Agent;Gesprächsdauer;Haltezeit;" + (
        "Nachbearbeitung;Ergebnis;Vorgang;Kundennr;Thema"
    )
    rows = [
        f"{i:06};0151 {2_000_000 + i};13.02.2026 10:{i:02}:00;"
        + (f"13.02.2026 10:{i:02}:30" if i % 5 else "")
        + f";13.02.2026 11:{i:02}:00;Technik;{f'A{i % 7}' if i % 5 else ''};{f'{i},5' if i % 5 else ''};"
        + f"{'0,0' if i % 5 else ''};{'20' if i % 5 else ''};beantwortet;V-{i};K{i % 9};Technik"
        for i in range(40)
    ]
    path = folder / "anrufe_20260301.csv"
    path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
    return path


def german_cases(folder: Path) -> Path:
    header = ["Vorgangsnr", "Angelegt", "Geschlossen", "Status", "Kategorie", "Kunde", "Bearbeiter", "Team"]
    rows = [
        [f"V-{i}", f"{i % 27 + 1:02}.02.2026 10:00:00", f"{i % 27 + 1:02}.02.2026 18:00:00" if i % 4 else "",
         "geschlossen" if i % 4 else "in Arbeit", "Technik", f"K{i % 9}", f"A{i % 7}", "Technik",
         f"{i % 27 + 1:02}.02.2026 15:00:00" if i % 8 == 0 else "", "hoch"]
        for i in range(40)
    ]  # fmt: skip
    return write_csv(folder / "vorgaenge.csv", [*header, "Eskaliert am", "Priorität"], rows, ";")


def test_calls_hold_their_legs_too(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    source = loaded(draft(german_calls(exports), exports), tmp_path)
    contacts, legs = (
        {name: mapping.expression for name, mapping in feed.mappings.items()}
        for feed in source.feeds["contacts"]
    )
    assert contacts == {
        "contact_id": '"Anruf-Nr"', "channel": "'voice'", "started_at": "Eingang", "ended_at": "Beendet",
        "customer_id": "Kundennr", "ani": "Rufnummer", "case_id": "Vorgang", "reason_entry": "Thema",
        "disposition": "Ergebnis",
    }  # fmt: skip
    assert legs == {
        "contact_id": '"Anruf-Nr"', "leg_seq": "1", "queue_id": "Warteschlange", "agent_id": "Agent",
        "started_at": "Eingang", "answered_at": "Angenommen", "ended_at": "Beendet",
        "talk_seconds": '"Gesprächsdauer"', "hold_seconds": "Haltezeit", "wrap_up_seconds": "Nachbearbeitung",
    }  # fmt: skip
    options = source.document.files["contacts"]
    assert (options.dates, options.decimal) == (["%d.%m.%Y %H:%M:%S"], ",")
    assert landed_rows(source, exports, tmp_path / "home") == {("contacts", 40, 0), ("legs", 40, 0)}


def test_a_column_of_cases_may_hold_escalations(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    text = draft(german_cases(exports), exports)
    source = loaded(text, tmp_path)
    cases, escalations = source.feeds["cases"]
    assert {name: m.expression for name, m in cases.mappings.items()} == {
        "case_id": "Vorgangsnr", "opened_at": "Angelegt", "closed_at": "Geschlossen", "status": "Status",
        "reason": "Kategorie", "customer_id": "Kunde", "owner_id": "Bearbeiter", "group_id": "Team",
        "priority": '"Priorität"',
    }  # fmt: skip
    assert cases.mappings["status"].map == {"geschlossen": "closed", "in Arbeit": "open"}
    assert escalations.mappings["requested_at"].expression == '"Eskaliert am"'
    assert "functional, hierarchical, customer_demanded, policy" in text
    assert landed_rows(source, exports, tmp_path / "home") == {("cases", 40, 0), ("escalations", 5, 0)}


def test_rows_that_share_a_contact_are_no_single_legs(tmp_path):
    rows = [[f"c{i // 2}", f"2026-02-{i % 27 + 1:02} 10:00:00", "Billing", "A1", "voice"] for i in range(40)]
    header = ["call_id", "call_start", "queue", "agent", "channel"]
    assert "leg_seq: '1'" not in draft(write_csv(tmp_path / "calls.csv", header, rows))


@pytest.mark.parametrize(
    ("written", "read"),
    [("Gesprächsdauer", "gespraechsdauer"), ("GESPRÄCHSDAUER", "gespraechsdauer"), ("Größe", "groesse"),
     ("Numéro", "numero"), ("A\u0308", "ae")],
)  # fmt: skip
def test_words_without_accents(written, read):
    assert plain(written) == read


def test_keys_inside_objects_are_offered(tmp_path):
    found = expressions(loaded(draft(quality_evaluations(tmp_path)), tmp_path))
    assert found["contact_id"] == "conversation->>'$.id'"
    assert found["evaluator_id"] == "evaluator->>'$.id'"


def test_date_and_time_columns_make_one_moment(tmp_path):
    rows = [
        [f"c{i}", f"{i % 27 + 1:02}.02.2024", f"10:{i:02}:00", f"11:{i:02}:00", "Phone"] for i in range(40)
    ]
    path = write_csv(tmp_path / "calls.csv", ["call_id", "day", "call_start", "call_end", "channel"], rows)
    source = loaded(draft(path), tmp_path)
    assert expressions(source)["started_at"] == "day || ' ' || call_start"
    assert source.document.files["contacts"].dates == ["%d.%m.%Y %H:%M:%S"]


def test_a_history_of_cases_is_distinguished_from_a_list_of_cases(tmp_path):
    header = ["number", "state", "opened_at", "sys_updated_at", "sys_mod_count"]
    once = [[f"INC{i}", "New", "2024-01-01 10:00:00", "2024-01-02 10:00:00", i] for i in range(60)]
    often = [
        [f"INC{i // 5}", "New", "2024-01-01 10:00:00", f"2024-01-02 10:00:{i:02}", i % 5] for i in range(60)
    ]
    assert "\n  cases:" in draft(write_csv(tmp_path / "incident.csv", header, once))
    assert "\n  case_snapshots:" in draft(write_csv(tmp_path / "incident_log.csv", header, often))


def test_runner_up_is_named(tmp_path):
    assert re.search(r"# Second guess: \w+ \(", draft(servicenow_incidents(tmp_path)))


def test_row_without_an_id_gets_one_made_of_its_columns(tmp_path):
    path = write_csv(tmp_path / "reviews.csv", ["date", "stars"], [["2024-01-01", i % 5] for i in range(20)])
    found = expressions(loaded(draft(path), tmp_path))
    assert found["response_id"] == "left(keyed_hash('row', concat_ws('|', date, stars)), 20)"


# ---------------------------------------------------------------- the file as such


def test_encoding_delimiter_quote_and_nulls_are_seen(tmp_path):
    path = tmp_path / "cases.csv"
    header = "'case id';'opened at';'category'\r\n"
    rows = [
        f"'C{i}';'{i % 27 + 1:02}.02.2024';'{'Müller; größer' if i % 2 else 'N/A'}'\r\n" for i in range(40)
    ]
    path.write_bytes((header + "".join(rows)).encode("cp1252"))
    options = loaded(draft(path), tmp_path).document.files["cases"]
    assert (options.delimiter, options.quote, options.encoding) == (";", "'", "cp1252")
    assert options.nulls == ["", "N/A"]
    assert options.dates == ["%d.%m.%Y"]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-8-sig", "utf-8"])
def test_unicode_encodings_land(codec, tmp_path):
    text = "case id,opened at\r\n" + "".join(f"Ä{i},2024-02-01 10:00:00\r\n" for i in range(30))
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "cases.csv").write_bytes(text.encode(codec))
    source = loaded(draft(exports / "cases.csv", exports), tmp_path)
    assert landed_rows(source, exports, tmp_path / "home") == {("cases", 30, 0)}


def test_decimal_comma_and_list_separator(tmp_path):
    rows = [[f"E{i}", f"C{i}", f"{i},5", "01.02.2024 10:00", "FINAL"] for i in range(30)]
    path = write_csv(
        tmp_path / "qa.csv", ["evaluation", "contact id", "score", "submitted at", "status"], rows, ";"
    )
    assert loaded(draft(path), tmp_path).document.files["evaluations"].decimal == ","
    rows = [[f"K{i}", f"030 1234{i:03}; 040 1234{i:03}"] for i in range(30)]
    path = write_csv(tmp_path / "customers.csv", ["customer number", "phones"], rows)
    assert loaded(draft(path), tmp_path).document.files["customers"].list_separator == ";"


def test_date_in_the_name_becomes_a_pattern(tmp_path):
    path = write_csv(
        tmp_path / "calls [x] 2024-03-01.csv", ["call id", "start time"], [["a", "2024-02-01 10:00:00"]]
    )
    options = loaded(draft(path, tmp_path), tmp_path).document.files["contacts"]
    assert [p.name for p in tmp_path.glob(options.glob)] == [path.name]
    assert re.search(options.delivered_at_pattern, path.name)[1] == "2024-03-01"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CRMEvents.csv", "crm_events"),
        ("contacts-2025-W02.csv.gz", "contacts"),
        ("Fälle (neu) 20240131.zip", "faelle_neu"),
        ("2024-01-31.csv", "export"),
        ("7zip data.csv", "source_7zip_data"),
        ("日本.csv", "export"),
        ("a" * 90 + ".csv", "a" * 63),
    ],
)
def test_source_name(name, expected):
    assert source_name(Path(name)) == expected


@given(st.text(min_size=1, max_size=90))
def test_every_source_name_is_valid(name):
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", source_name(Path(name.replace("\0", ""))))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv.gz", b"no gzip", "damaged archive"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:-9], "damaged archive"),
        ("a.zip", b"PK\x03\x04 torn", "damaged archive"),
        ("a.csv", b"PK\x03\x04[Content_Types].xml", "Excel"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "Excel"),
        ("a.csv", bytes(range(256)) * 9, "neither text nor Parquet"),
        ("a.parquet", b"PAR1 torn PAR1", "damaged"),
        ("a.json", b"[{]", "damaged"),
        ("a.jsonl", b'{"a": 1}\n{"a"' * 1, ""),
    ],
)
def test_a_file_that_cannot_be_drafted_says_why(name, content, expected, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    if not expected:
        assert "line 2" in draft(path)
        return
    with pytest.raises(ConfigurationError, match=re.escape(expected)) as error:
        draft(path)
    assert str(path) in str(error.value)


def test_missing_file():
    with pytest.raises(ConfigurationError, match="is no file"):
        draft(Path("nowhere.csv"))


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("values", "readings"),
    [
        (["2024-02-01 10:00:00", "2024-02-13T10:00:00.123Z"], [[]]),
        (["2024-02-01"], [[]]),
        (["13.02.2024", "1.2.2024"], [["%d.%m.%Y"]]),
        (["13/02/2024 10:00", "1/2/2024 9:05"], [["%d/%m/%Y %H:%M"]]),
        (["02/13/2024 10:00 PM"], [["%m/%d/%Y %I:%M %p"]]),
        (["01/02/2024", "03/04/2024"], [["%d/%m/%Y"], ["%m/%d/%Y"]]),
        (["01/02/24"], [["%d/%m/%y"], ["%m/%d/%y"]]),
        (["1706781600", "1706781601"], [["epoch"]]),
        (["1706781600123"], [["epoch_ms"]]),
        (["20240213"], [["%Y%m%d"]]),
        (["13 Feb 2024", "1 Mar 2024"], [["%d %b %Y"]]),
        (["13.02.2024 10:00:00 +0100"], [["%d.%m.%Y %H:%M:%S %z"]]),
        (["13.02.2024", "13.02.2024 10:00"], [["%d.%m.%Y %H:%M", "%d.%m.%Y"]]),
        (["INC0012345"], []),
        (["hello"], []),
        ([], []),
    ],
)
def test_readings_of_dates(values, readings):
    with duckdb.connect() as connection:
        assert [sorted(one) for one in date_readings(connection, values)] == [sorted(r) for r in readings]


def test_day_or_month_is_left_to_the_person(tmp_path):
    path = write_csv(
        tmp_path / "cases.csv", ["case id", "opened at"], [["a", "01/02/2024"], ["b", "03/04/2024"]]
    )
    text = draft(path)
    source = loaded(text, tmp_path)
    assert source.document.files["cases"].dates == []
    assert feed_of(source).mappings["opened_at"].dates == []
    freed = text.replace('# dates: ["%m/%d/%Y"]', 'dates: ["%m/%d/%Y"]')
    assert feed_of(loaded(freed, tmp_path)).mappings["opened_at"].dates == ["%m/%d/%Y"]


def test_another_column_may_decide_the_order_of_day_and_month(tmp_path):
    rows = [["a", "01/02/2024", "13/02/2024"], ["b", "03/04/2024", "25/04/2024"]]
    text = draft(write_csv(tmp_path / "cases.csv", ["case id", "opened at", "closed at"], rows))
    assert loaded(text, tmp_path).document.files["cases"].dates == ["%d/%m/%Y"]
    assert "that of another column" in text


def test_columns_with_other_formats_get_their_own(tmp_path):
    rows = [
        ["a", "13.02.2024 10:00", "2024-02-14 10:00:00"],
        ["b", "25.02.2024 10:00", "2024-02-28 10:00:00"],
    ]
    source = loaded(
        draft(write_csv(tmp_path / "cases.csv", ["case id", "opened at", "closed at"], rows)), tmp_path
    )
    assert source.document.files["cases"].dates == []
    assert feed_of(source).mappings["opened_at"].dates == ["%d.%m.%Y %H:%M"]
    assert feed_of(source).mappings["closed_at"].dates == []


# ---------------------------------------------------------------- hostile names, personal data, gaps

HOSTILE = [
    'case number"; DROP TABLE x; --', 'status: "new" # yes', "created\nat", "<script>alert(1)</script>",
    "owner'", "  ", '"', "# comment", "- list", "{a: b}", "[x]", "&anchor", "*alias", "!tag", "%d", "@x",
    "`b`", "emoji😀", "reason\x07", "yes", "null", "1", "case number", "=1+1", "group\\n", "b" * 300,
    "[bold red]x[/]",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "jsonl", "nested"])
def test_hostile_column_names_break_neither_yaml_nor_sql(kind, tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    rows = [[f"v{i}-{j}" for j in range(len(HOSTILE))] for i in range(30)]
    for i, row in enumerate(rows):
        row[HOSTILE.index("created\nat")] = f"2024-01-{i % 27 + 1:02} 10:00:00"
    path = exports / f"cases.{'csv' if kind == 'csv' else 'jsonl'}"
    if kind == "csv":
        write_csv(path, HOSTILE, rows)
    else:
        objects = [dict(zip(HOSTILE, row, strict=True)) for row in rows]
        lines = [json.dumps({"outer": one} if kind == "nested" else one) for one in objects]
        path.write_text("\n".join(lines), encoding="utf-8")
    source = loaded(draft(path, exports), tmp_path)
    assert landed_rows(source, exports, tmp_path / "home") == {("cases", 30, 0)}


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_every_text_survives_as_a_scalar_and_none_escapes_a_comment(text):
    assert yaml.safe_load(scalar(text)) == text
    if len(scalar(text)) < 900:
        assert yaml.safe_load(f"{scalar(text)}: 1") == {text: 1}
    commented = f"a: 1 # {one_line(text)}\nb: 2"
    assert yaml.safe_load(commented) == {"a": 1, "b": 2}


def test_no_personal_value_reaches_the_draft(tmp_path):
    header = [
        "case id",
        "opened at",
        "status",
        "customer name",
        "email",
        "phone",
        "agent",
        "address",
        "channel",
    ]
    row = ["2024-02-01 10:00:00", "Quillfeather", "Zoe Quillfeather", "zoe.q@example.org", "+49 30 5550199"]
    row += ["Quillfeather", "Baker Lane 7", "zoe.q@example.org"]
    text = draft(write_csv(tmp_path / "cases.csv", header, [[f"C{i}", *row] for i in range(30)]))
    for secret in ("Zoe", "zoe", "5550199", "Lane 7"):
        assert secret not in text
    text = draft(write_csv(tmp_path / "cases.csv", header, [["C1", *row]]))
    assert "Quillfeather" not in text  # a value that does not repeat is no category


def test_a_person_among_words_of_a_field_is_not_shown(tmp_path):
    """Without it, a name that somebody typed into a status stands in the draft, though it lands masked."""
    statuses = ["New", "Closed", "Escalated elsewhere", "Zoe Quillfeather"]
    rows = [[f"C{i}", "2024-02-01 10:00:00", statuses[i % 4]] for i in range(40)]
    text = draft(write_csv(tmp_path / "cases.csv", ["case id", "opened at", "status"], rows))
    assert "# Escalated elsewhere:" in text
    assert "# not shown because they hold personal data: 1" in text
    assert "Quillfeather" not in text


def test_a_direction_with_a_number_in_it_is_not_shown(tmp_path):
    ways = ["Inbound", "Outbound", "Inbound call for +49 30 5550199"]
    rows = [
        [f"2024-02-01 10:{i:02}:00", f"+49 30 55501{i:02}", "+49 30 7777777", ways[i % 3], "00:02:00"]
        for i in range(30)
    ]
    header = ["Start Time", "Caller", "Called Number", "Direction", "Duration"]
    text = draft(write_csv(tmp_path / "calls.csv", header, rows))
    assert "Direction IN ('Inbound')" in text
    assert "5550199" not in text


def test_what_is_missing_is_explained_and_named_on_loading(tmp_path):
    path = write_csv(
        tmp_path / "complaints.csv", ["complaint id", "product"], [[f"C{i}", "card"] for i in range(30)]
    )
    text = draft(path)
    assert "# opened_at:  # when the case was opened" in text
    with pytest.raises(SourceError, match="cases needs opened_at"):
        loaded(text, tmp_path)
    text = draft(write_csv(tmp_path / "x.csv", ["foo", "bar"], [[1, 2]]))
    with pytest.raises(SourceError, match="needs"):
        loaded(text, tmp_path)


def test_unused_columns_are_listed_as_shapes(tmp_path):
    path = write_csv(
        tmp_path / "cases.csv", ["case id", "opened at", "colour"], [["a", "2024-02-01", "Blue 42"]]
    )
    assert re.search(r"#   colour 100 % +1  xxxx 99$", draft(path), re.MULTILINE)


def test_the_word_for_unfinished_work_is_not_used(tmp_path):
    for make in (salesforce_cases, survey_parquet, connect_contacts):
        assert "TODO" not in draft(make(tmp_path))


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "entity"),
    [
        ("eagle-bank/CRMEvents.csv", "cases"),
        ("eagle-bank/CRMCallCenterLogs.csv", "contacts"),
        ("eagle-bank/CRMReviews.csv", "surveys"),
        ("uci-servicenow-incident-log/incident_event_log.zip", "case_snapshots"),
        ("vendor-tables/zendesk/ticket_data.csv", "cases"),
        ("vendor-tables/zendesk/ticket_field_history_data.csv", "case_changes"),
    ],
)
def test_real_exports_get_a_draft_that_loads(real_data, file, entity, tmp_path):
    assert feed_of(loaded(draft(real_data / file, real_data), tmp_path)).table.name == entity


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (salesforce_cases, "Salesforce Service Cloud exports such columns. If this is its `case`"),
        (salesforce_history, ""),  # seven columns that other systems have, too
        (genesys_conversations, "Genesys Cloud exports such columns. If this is its `conversations`"),
        (quality_evaluations, ""),
        (survey_parquet, ""),
        (roster_in_zip, ""),
    ],
)
def test_a_draft_names_the_connector_that_knows_the_export(make, expected, tmp_path):
    """Without it, people would map by hand what a connector reads whole, and lose what spans rows."""
    text = draft(make(tmp_path), tmp_path)
    assert (expected in text) if expected else ("exports such columns" not in text)
    assert ("a-source-that-a-connector-knows" in text) == bool(expected)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("genesys-doc-sample/conversations_details_query_response_2016.masked.json", "genesys_cloud"),
        ("vendor-tables/zendesk/ticket_data.csv", "zendesk"),
        ("vendor-tables/servicenow/incident_data.csv", "servicenow"),
        ("eagle-bank/CRMCallCenterLogs.csv", ""),
        ("eagle-bank/CRMEvents.csv", ""),
    ],
)
def test_real_exports_name_their_connector(real_data, file, written):
    text = draft(real_data / file)
    assert re.findall("write `connector: (.*?)`", text) == ([written] if written else [])


def test_a_draft_says_where_a_spreadsheet_has_shortened_identifiers(tmp_path):
    rows = [[number, "2024-01-05 10:00:00", "open"] for number in ("5.00E+17", "1.23457E+11", "7001.0")]
    text = draft(write_csv(tmp_path / "cases.csv", ["case_id", "opened_at", "status"], rows))
    assert "<- digits are lost in 2 of 3 values such as 9.99x+99: export the column as text" in text


def test_a_draft_takes_codes_for_codes(tmp_path):
    rows = [[number, "2024-01-05 10:00:00", "open"] for number in ("1E5", "12E5", "4F2A")]
    assert "digits are lost" not in draft(
        write_csv(tmp_path / "cases.csv", ["case_id", "opened_at", "status"], rows)
    )


@pytest.mark.parametrize("indent", [None, 2])
def test_a_draft_says_where_records_stand_in_what_wraps_them(tmp_path, indent):
    rows = [{"case_id": i, "opened_at": "2024-01-05 10:00:00", "status": "open"} for i in range(3)]
    exports = tmp_path / "exports"
    exports.mkdir()
    path = exports / "cases.json"
    path.write_text(json.dumps({"users": [{"id": 1}], "tickets": rows, "next_page": None}, indent=indent))
    text = draft(path, exports)
    assert "format: json" in text
    assert "records: tickets #" in text
    assert landed_rows(loaded(text, tmp_path), exports, tmp_path / "home") == {("cases", 3, 0)}


def test_lists_inside_records_wrap_nothing(tmp_path):
    rows = [{"case_id": i, "opened_at": "2024-01-05", "links": [{"a": 1}]} for i in range(3)]
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert "records:" not in draft(path)


def test_a_key_is_sure_only_where_it_is_unique_in_the_whole_file(tmp_path: Path) -> None:
    """A call id that repeats behind the first 5,000 records lost half of all calls."""
    start = [f"2025-01-{1 + i // 1000:02} 10:{i // 60 % 60:02}:{i % 60:02}" for i in range(8000)]
    file = tmp_path / "calls.csv"
    for n_ids, expected in ((6000, "<- a guess; 6,000 different keys in 8,000 rows"), (8000, "sure")):
        rows = "".join(f"{10000 + i % n_ids},{at},60\n" for i, at in enumerate(start))
        file.write_text(f"call_id,start_time,duration\n{rows}")
        text = draft(file)
        assert f"contact_id: call_id # {expected}" in text
        assert "duration_seconds: duration # sure" in text
