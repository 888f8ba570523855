"""Exports as vendors document them: the first draft lands every row as what it is, without an edit."""

import csv
import re
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.landing import pipeline
from orchestration.landing.manifest import Manifest
from orchestration.onboarding.draft import draft
from orchestration.settings import Home
from orchestration.sources import source_files

LAYOUTS = Path(__file__).parents[2] / "fixtures" / "public_layouts"
CUSTOMERS = [f"2125550{i}" for i in range(100, 125)]

# Of each layout: entities with rows, and what must fill the fields that distinguish one from another.
CALLS = {
    "3cx_call_report_v20": {
        "contact_id": '"Call ID"',
        "started_at": '"Call Time"',
        "duration_seconds": "coalesce(seconds(Ringing), 0) + coalesce(seconds(Talking), 0)",
        "direction": "Direction",
        "ani": "CASE WHEN Direction IN ('Inbound Queue', 'Inbound') THEN \"From\" "
        "WHEN Direction IN ('Outbound') THEN \"To\" END",
        "disposition": "Status",
    },
    "3cx_call_report_v18": {
        "started_at": '"Call Time"',
        "duration_seconds": "Totals",
        "ani": '"Caller ID"',
        "disposition": "Status",
    },
    "freepbx_cdr_reports": {
        "contact_id": "linkedid",
        "started_at": "calldate",
        "duration_seconds": "duration",
        "ani": "CASE WHEN length(regexp_replace(src, '[^0-9]', '', 'g')) > 6 THEN src ELSE dst END",
        "entry_point": "right(did, 4)",
        "disposition": "disposition",
    },
    "xima_cradle_to_grave": {
        "contact_id": '"Call ID"',
        "started_at": '"Start Time"',
        "ended_at": '"End Time"',
        "duration_seconds": '"Call Duration"',
        "direction": '"Call Direction"',
        "ani": '"External Party Number"',
        "is_answered": "Answered",
    },
    "ringcentral_call_log": {
        "started_at": "Date || ' ' || \"Time\"",
        "duration_seconds": "Duration",
        "direction": "Direction",
        "ani": "CASE WHEN Direction IN ('Incoming') THEN \"From\" WHEN Direction IN ('Outgoing') THEN \"To\" END",
        "entry_point": "CASE WHEN Direction IN ('Incoming') THEN right(\"To\", 4) END",
        "disposition": '"Action Result"',
    },
    "five9_call_log": {
        "contact_id": '"CALL ID"',
        "started_at": '"TIMESTAMP"',
        "duration_seconds": '"CALL TIME"',
        "direction": '"CALL TYPE"',
        "ani": "CASE WHEN \"CALL TYPE\" IN ('Inbound') THEN ANI WHEN \"CALL TYPE\" IN ('Manual') THEN DNIS END",
        "entry_point": "CASE WHEN \"CALL TYPE\" IN ('Inbound') THEN right(DNIS, 4) END",
        "disposition": "DISPOSITION",
        "is_abandoned": "ABANDONED",
    },
    "talkdesk_calls_report": {
        "contact_id": '"Interaction ID"',
        "started_at": '"Start Time"',
        "ended_at": '"End Time"',
        "duration_seconds": '"Total Time"',
        "direction": '"Call Type"',
        "ani": '"Contact Phone Number"',
        "entry_point": 'right("Talkdesk Phone Number", 4)',
        "disposition": '"Disposition Code"',
    },
    "twilio_calls": {
        "contact_id": "Sid",
        "started_at": "StartTime",
        "ended_at": "EndTime",
        "duration_seconds": "Duration",
        "direction": "Direction",
        "ani": "CASE WHEN Direction IN ('inbound') THEN \"From\" "
        "WHEN Direction IN ('outbound-api') THEN \"To\" END",
        "entry_point": "CASE WHEN Direction IN ('inbound') THEN right(\"To\", 4) END",
        "disposition": "Status",
    },
    "excel_call_log": {
        "started_at": '"Anruf Datum" || \' \' || "Anruf Uhrzeit"',
        "duration_seconds": '"Anruf Dauer"',
        "direction": '"Anruf Richtung"',
        "ani": '"Anruf Rufnummer"',
        "reason_entry": "Thema",
    },
}
TICKETS = {
    "freshdesk_tickets": {
        "case_id": '"Ticket ID"', "customer_id": '"Contact ID"', "opened_at": '"Created time"',
        "closed_at": '"Closed time"', "vendor_resolved_at": '"Resolved time"', "status": "Status",
        "channel": "Source", "priority": "Priority", "owner_id": "Agent", "group_id": '"Group"',
    },
    "jira_service_management": {
        "case_id": '"Issue key"', "customer_id": "Reporter", "opened_at": "Created", "closed_at": "Resolved",
        "status": "Status", "priority": "Priority", "owner_id": "Assignee", "resolution_code": "Resolution",
    },
    "hubspot_tickets": {
        "case_id": '"Ticket ID"', "customer_id": '"Associated Contact IDs"', "opened_at": '"Create date"',
        "closed_at": '"Close date"', "status": '"Ticket status"', "channel": "Source", "reason": "Category",
        "priority": "Priority", "owner_id": '"Ticket owner"',
    },
    "zammad_tickets": {
        "case_id": '"#"', "customer_id": "Customer", "opened_at": '"Created At"', "closed_at": '"Closed At"',
        "status": "State", "channel": '"Create Channel"', "priority": "Priority", "owner_id": "Owner",
        "group_id": '"Group"',
    },
}  # fmt: skip
WITH_LEGS = {
    "xima_cradle_to_grave": "Group", "ringcentral_call_log": "Extension", "five9_call_log": "AGENT",
    "talkdesk_calls_report": "Ring Groups", "excel_call_log": "Agent Name",
}  # fmt: skip


class Drafted:
    """A layout, drafted from under some name and landed without an edit."""

    def __init__(self, layout: str, folder: Path, name: str = "", layouts: Path = LAYOUTS) -> None:
        exports = folder / "exports"
        exports.mkdir(exist_ok=True)
        file = exports / (name or f"{layout}.csv")
        file.write_bytes((layouts / f"{layout}.csv").read_bytes())
        self.text = draft(file, exports)
        path = folder / "draft.yml"
        path.write_text(self.text, encoding="utf-8")
        self.source = source_files.load(path)
        ((self.file_set, self.feeds),) = self.source.feeds.items()
        self.home = Home(folder / "home").create()
        (landed,) = pipeline.land([self.source], exports, self.home, salt=b"test")
        (self.delivery,) = landed.deliveries

    def mapped(self, table: str) -> dict[str, str]:
        (feed,) = [feed for feed in self.feeds if feed.table.name == table]
        return {name: mapping.expression for name, mapping in feed.mappings.items()}

    def counts(self) -> dict[str, tuple[int, int, int]]:
        """Rows landed, filtered and quarantined of each entity."""
        return {
            count.table.partition(".")[2]: (count.n_landed, count.n_filtered, count.n_quarantined)
            for count in self.delivery.counts
        }

    def rows(self, table: str, *columns: str) -> list[tuple]:
        parts = [part.path for part in Manifest(self.home.state).parts() if part.table.endswith(f".{table}")]
        with duckdb.connect() as connection:
            relation = (
                f"read_parquet({[str(self.home.raw / path) for path in parts]}, hive_partitioning=false)"
            )
            return connection.execute(f"SELECT {', '.join(columns)} FROM {relation}").fetchall()


@pytest.mark.parametrize("name", ["", "export.csv"])
@pytest.mark.parametrize("layout", [*CALLS, *TICKETS])
def test_the_first_draft_of_a_public_layout_lands_every_row(layout: str, name: str, tmp_path: Path) -> None:
    """Whoever connects an export gives up where the first draft takes calls for evaluations."""
    drafted = Drafted(layout, tmp_path, name)
    entity = "contacts" if layout in CALLS else "cases"
    expected = {**CALLS, **TICKETS}[layout]
    assert drafted.file_set == entity
    found = drafted.mapped(entity)
    assert {field: found.get(field) for field in expected} == expected
    n_totals = {"3cx_call_report_v20": 1, "3cx_call_report_v18": 1, "excel_call_log": 2}.get(layout, 0)
    entities = [entity, "legs"] if layout in WITH_LEGS else [entity]
    assert drafted.counts() == dict.fromkeys(entities, (40, n_totals, 0))


@pytest.mark.parametrize("layout", [*CALLS, *TICKETS])
def test_no_number_of_a_customer_lands_as_it_is(layout: str, tmp_path: Path) -> None:
    drafted = Drafted(layout, tmp_path)
    written = drafted.text
    for table in drafted.counts():
        written += str(drafted.rows(table, "*"))
    digits = re.sub(r"[\s()+-]", "", written)
    assert not [number for number in CUSTOMERS if number in digits]


@pytest.mark.parametrize("layout", CALLS)
def test_every_call_has_a_key_of_its_own_and_a_hashed_number(layout: str, tmp_path: Path) -> None:
    rows = Drafted(layout, tmp_path).rows("contacts", "contact_id", "ani", "channel")
    assert len({contact for contact, _, _ in rows}) == 40
    assert {channel for _, _, channel in rows} == {"voice"}
    assert all(re.fullmatch("[0-9a-f]{32,64}", ani) for _, ani, _ in rows if ani)


@pytest.mark.parametrize("layout", CALLS)
def test_the_length_of_every_call_lands(layout: str, tmp_path: Path) -> None:
    rows = Drafted(layout, tmp_path).rows("contacts", "duration_seconds")
    assert len(rows) == 40
    assert all(seconds is not None and 0 <= seconds < 3600 for (seconds,) in rows)
    assert max(seconds for (seconds,) in rows) > 60


def test_a_list_out_of_excel_lands_as_its_rows_say(tmp_path: Path) -> None:
    drafted = Drafted("excel_call_log", tmp_path)
    text = (LAYOUTS / "excel_call_log.csv").read_text("utf-8-sig").splitlines()
    listed = [row for row in csv.reader(text[6:], delimiter=";") if row[1]]
    expected = {
        (
            datetime.strptime(f"{day} {clock}", "%d.%m.%Y %H:%M"),
            60.0 * int(length.partition(":")[0]) + int(length.partition(":")[2]),
            {"eingehend": "inbound", "ausgehend": "outbound"}[way],
        )
        for day, clock, _, way, length, *_ in listed
    }
    assert set(drafted.rows("contacts", "started_at", "duration_seconds", "direction")) == expected


def nameless(kind: str) -> str:
    """Calls of a file without names: as Avaya's SMDR or Asterisk's Master.csv has them, or as a list."""
    lines = []
    start = datetime(2025, 3, 1, 8)
    for i in range(40):
        at, lasted = start + timedelta(hours=13 * i, seconds=11 * i), 20 + 7 * (i % 9)
        end = at + timedelta(seconds=lasted)
        number, is_out = f"1{CUSTOMERS[i % 25]}", i % 4 == 3
        ends = ("101", number) if is_out else (number, "12125550190")
        match kind:
            case "smdr":
                way = "O" if is_out else "I"
                lines.append(
                    f"{at:%Y/%m/%d %H:%M:%S},00:0{lasted // 60}:{lasted % 60:02},{i % 9},{ends[0]},{way},{ends[1]},"
                    f"{ends[1]},,0,{1_000_015 + i},0,T9001,Line 1.1,E101,Ann Fictus,0,0"
                )
            case "asterisk":
                lines.append(
                    f'"","{number}","600","in","""Jane Roe"" <{number}>","PJSIP/t-{i:08x}","PJSIP/101-{i:08x}","Queue",'
                    f'"600,t","{at}","{at}","{end}",{lasted},{lasted},"ANSWERED","DOCUMENTATION","{at:%s}.{i}",""'
                )
            case "list":
                lines.append(f"{at:%d.%m.%Y};{at:%H:%M};+{number};Ann Fictus;{lasted // 60}:{lasted % 60:02}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("smdr", {"contact_id": "column_10", "started_at": "column_1", "duration_seconds": "column_2",
                  "direction": "column_5", "ani": "CASE WHEN column_5 IN ('I') THEN column_4 "
                  "WHEN column_5 IN ('O') THEN column_6 END"}),
        ("asterisk", {"contact_id": "column_17", "started_at": "column_10", "ended_at": "column_12", "ani": "column_2"}),
        ("list", {"started_at": "column_1 || ' ' || column_2", "duration_seconds": "column_5", "ani": "column_3"}),
    ],
)  # fmt: skip
def test_calls_without_names_of_columns_are_known_by_their_shape(kind, expected, tmp_path: Path) -> None:
    """The first record would be taken for names, and names of columns stand in the draft."""
    text = nameless(kind)
    (tmp_path / "exports").mkdir()
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts" / "calls.csv").write_text(text)
    drafted = Drafted("calls", tmp_path, layouts=tmp_path / "layouts")
    assert drafted.file_set == "contacts"
    found = drafted.mapped("contacts")
    assert {field: found.get(field) for field in expected} == expected
    assert drafted.counts()["contacts"] == (40, 0, 0)
    cells = {cell for line in re.split(r"\n", text) for cell in re.split('[,;"<>]', line) if len(cell) > 3}
    allowed = {"Line 1.1"} - cells
    assert not [cell for cell in cells - allowed if cell in drafted.text]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        # units by name, and two ends without a direction
        ("Date,Start,A number,Calling number,Called number,Length (ms)", "{d},{t},x,{n},12125550190,61000",
         {"duration_seconds": 'seconds("Length (ms)") * 0.001', "ani": '"Calling number"', "entry_point": 'right("Called number", 4)'}),
        ("Call start,Extn,CLI,Dialled number,Talk (min)", "{d} {t},101,{n},12125550190,2.5",
         {"duration_seconds": 'seconds("Talk (min)") * 60', "ani": "CLI"}),
        ("time,end,from,to,desc", "{d} {t},{d} {e},{n},12125550190,Billing",
         {"started_at": '"time"', "ended_at": '"end"', "ani": '"from"'}),
        # as a spreadsheet writes a day
        ("Datum,Uhrzeit,Rufnummer,Dauer", "{d} 00:00:00,{t},{n},00:01:10",
         {"started_at": "split_part(Datum, ' ', 1) || ' ' || Uhrzeit", "ani": "Rufnummer"}),
        ("Call Time,Caller ID,Queue,Waiting Time", "{d} {t},{n},Billing,00:01:10",
         {"started_at": '"Call Time"', "duration_seconds": '"Waiting Time"', "ani": '"Caller ID"'}),
        ("Anrufbeginn,Anrufer,Angerufene,Gesprächsdauer", "{d} {t},{n},12125550190,2 min 3 s",
         {"started_at": "Anrufbeginn", "duration_seconds": '"Gesprächsdauer"', "ani": "Anrufer"}),
    ],
)  # fmt: skip
def test_calls_are_known_by_time_party_and_duration(header, rows, expected, tmp_path: Path) -> None:
    (tmp_path / "layouts").mkdir()
    lines = [
        rows.format(d=f"2025-03-{i % 28 + 1:02}", t=f"{8 + i % 10:02}:{i:02}:00", e=f"{8 + i % 10:02}:{i:02}:59", n=f"1{CUSTOMERS[i % 25]}")
        for i in range(40)
    ]  # fmt: skip
    (tmp_path / "layouts" / "report.csv").write_text("\n".join([header, *lines]) + "\n")
    drafted = Drafted("report", tmp_path, layouts=tmp_path / "layouts")
    assert drafted.file_set == "contacts"
    found = drafted.mapped("contacts")
    assert {field: found.get(field) for field in expected} == expected
    assert drafted.counts()["contacts"] == (40, 0, 0)


def test_rows_that_share_an_id_are_parts_of_one_call(tmp_path: Path) -> None:
    """The last part of a call says neither when it began nor how long it took."""
    (tmp_path / "layouts").mkdir()
    with (LAYOUTS / "freepbx_cdr_reports.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    again = [
        {**row, "calldate": row["calldate"][:-2] + "59", "sequence": f"{int(row['sequence']) + 1}"}
        for row in rows[::3]
    ]
    with (tmp_path / "layouts" / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows([*again, *rows])
    drafted = Drafted("calls", tmp_path, layouts=tmp_path / "layouts")
    (contacts,) = drafted.feeds
    assert (contacts.table.name, contacts.keep) == ("contacts", "first")
    assert not contacts.mappings.keys() & {"duration_seconds", "ended_at"}


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        # an id that is made of the number, as some exchanges make it
        ("AcctId,session,start,end,src,dst", "{i},{i}-{n}-101,{d} {t},{d} {e},{n},101", {"contact_id": "AcctId"}),
        # the address is that of who took the call
        ("call_id,direction,external_number,date_started,date_ended,email", "{i},inbound,+{n},{d} {t},{d} {e},a@x.test",
         {"contact_id": "call_id", "ani": "external_number", "email": None}),
        # a single row of types below the names
        ("CallId,dateTimeOrigination,callingPartyNumber,dateTimeDisconnect,duration", "{i},{u},{n},{u},{s}",
         {"started_at": "dateTimeOrigination", "ani": "callingPartyNumber", "duration_seconds": "duration"}),
        ("Call ID,Direction,ANI,DNIS,Date,Duration", "{i},Inbound,tel:+{n},tel:+12125550190,{d} {t},0:00:59",
         {"ani": "CASE WHEN Direction IN ('Inbound') THEN ANI END",
          "entry_point": "CASE WHEN Direction IN ('Inbound') THEN right(DNIS, 4) END"}),
        # the account of the centre is no customer
        ("CallSid,AccountSid,From,StartTime,Duration", "CA{i},AC1,{n},{d} {t},59", {"customer_id": None}),
    ],
)  # fmt: skip
def test_a_column_of_a_call_log_fills_only_what_it_holds(header, rows, expected, tmp_path: Path) -> None:
    (tmp_path / "layouts").mkdir()
    lines = [
        rows.format(d=f"2025-03-{i % 28 + 1:02}", t=f"{8 + i % 10:02}:{i:02}:00", e=f"{8 + i % 10:02}:{i:02}:59", n=f"1{CUSTOMERS[i % 25]}",
                    i=600_000 + i, s=20 + i, u=1_741_000_000 + 3_000 * i)
        for i in range(40)
    ]  # fmt: skip
    if "dateTimeOrigination" in header:
        lines.insert(0, "INTEGER,INTEGER,VARCHAR(50),INTEGER,INTEGER")
    (tmp_path / "layouts" / "report.csv").write_text("\n".join([header, *lines]) + "\n")
    drafted = Drafted("report", tmp_path, layouts=tmp_path / "layouts")
    found = drafted.mapped("contacts")
    assert {field: found.get(field) for field in expected} == expected
    assert drafted.counts()["contacts"][0] == 40


def test_a_flag_names_no_other_case(tmp_path: Path) -> None:
    """Every case would be merged into one that is called 0."""
    (tmp_path / "layouts").mkdir()
    lines = [f"{500 + i},2025-03-{i % 28 + 1:02} 10:00:00,Open,0" for i in range(40)]
    (tmp_path / "layouts" / "tickets.csv").write_text(
        "\n".join(["Ticket Number,Date Created,Status,Merged", *lines]) + "\n"
    )
    assert "merged_into" not in Drafted("tickets", tmp_path, layouts=tmp_path / "layouts").mapped("cases")
