"""Histories that were not delivered whole, cases merged and cases deleted, as each CRM exports them, in one run."""

import json
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from tests.integration.conftest import Run, run

pytestmark = pytest.mark.integration

DELIVERED = "2024-09-30"


def csv_text(columns: str, *rows: Iterable[object]) -> str:
    lines = [columns, *(",".join("" if v is None else str(v) for v in row) for row in rows)]
    return "\n".join(lines) + "\n"


def source(name: str, connector: str, files: dict[str, str], centre: str) -> str:
    listed = "".join(f"  {files_of}: {{{settings}}}\n" for files_of, settings in files.items())
    return f"source: {name}\ncentre: {centre}\nconnector: {connector}\ntime_zone: UTC\nfiles:\n{listed}"


def ticket(number: int, status: str, created: str, updated: str, **more: object) -> dict[str, object]:
    stamps = {"created_at": f"{created}T09:00:00Z", "updated_at": f"{updated}T09:00:00Z"}
    return {"id": number, "status": status, **stamps, "group_id": 7, "via": {"channel": "email"}, **more}


def audit(number: int, ticket_id: int, day: str, old: str, new: str) -> dict[str, object]:
    event = {"id": number * 10, "type": "Change", "field_name": "status", "value": new, "previous_value": old}
    stamp = f"{day}T09:00:00Z"
    return {"id": number, "ticket_id": ticket_id, "created_at": stamp, "author_id": 5, "events": [event]}


def deliver_zendesk(exports: Path) -> str:
    tickets = [
        ticket(1, "open", "2024-01-01", "2024-01-02"),
        ticket(2, "closed", "2024-02-01", "2024-02-11"),
        ticket(3, "closed", "2024-02-05", "2024-02-20"),
        ticket(4, "solved", "2024-08-01", "2024-08-03"),
        # Never updated, so never changed; and deleted.
        ticket(5, "new", "2024-08-02", "2024-08-02"),
        ticket(6, "deleted", "2024-08-02", "2024-08-09"),
    ]
    audits = [audit(1, 1, "2024-01-02", "new", "open"), audit(4, 4, "2024-08-03", "new", "solved")]
    (exports / "zd").mkdir(parents=True)
    (exports / "zd" / f"tickets_{DELIVERED}.json").write_text(json.dumps({"tickets": tickets}))
    (exports / "zd" / f"audits_{DELIVERED}.json").write_text(json.dumps({"audits": audits}))
    when = r"delivered_at_pattern: '(\d{4}-\d{2}-\d{2})'"
    files = {
        "tickets": f"glob: zd/tickets_*.json, {when}",
        "ticket_audits": f"glob: zd/audits_*.json, {when}",
    }
    return source("zd", "zendesk", files, "zendesk")


def salesforce_id(kind: str, name: str) -> str:
    return kind + name.rjust(12, "0")


def deliver_salesforce(exports: Path) -> str:
    case = "Id,IsDeleted,MasterRecordId,Status,CreatedDate,ClosedDate,SystemModstamp,Origin,OwnerId"
    history = "Id,IsDeleted,CaseId,Field,OldValue,NewValue,CreatedDate,CreatedById"

    def cases(*rows: tuple[object, ...]) -> str:
        named = []
        for name, deleted, master, status, created, closed, changed in rows:
            of_case = salesforce_id("500", str(name))
            of_master = salesforce_id("500", str(master)) if master else None
            owner = salesforce_id("00G", "billing")
            named.append((of_case, deleted, of_master, status, created, closed, changed, "Phone", owner))
        return csv_text(case, *named)

    def stamp(day: str) -> str:
        return f"{day}T09:00:00.000Z"

    old, new = stamp("2022-01-01"), stamp("2024-05-01")
    ended, later = stamp("2024-06-01"), stamp("2024-07-01")
    first = cases(
        ("kept", "false", None, "Closed", new, ended, ended),
        ("merged", "false", None, "New", new, None, ended),
        ("twice", "false", None, "New", new, None, ended),
        # Its history began to be kept in the middle of it; and none of it is left.
        ("purged", "false", None, "Closed", old, ended, ended),
        ("silent", "false", None, "Closed", old, stamp("2022-02-01"), stamp("2022-02-01")),
        # Opened in a state that is not the first; changed without values; deleted.
        ("working", "false", None, "Closed", new, ended, ended),
        ("blank", "false", None, "Closed", new, ended, ended),
        ("gone", "true", None, "Closed", new, ended, ended),
    )
    # Only the later delivery says that these were merged, one after the other.
    second = cases(
        ("merged", "true", "kept", "Closed", new, later, later),
        ("twice", "true", "merged", "Closed", new, later, later),
    )
    rows = []
    for name, old_status, new_status, moment in [
        ("kept", "New", "Closed", ended),
        ("purged", "Working", "Closed", ended),
        ("working", "Working", "Closed", ended),
        ("blank", None, None, ended),
        ("gone", "New", "Closed", ended),
        ("merged", "New", "Closed", later),
    ]:
        is_gone = "true" if name == "gone" else "false"
        rows.append((name, is_gone, "Status", old_status, new_status, moment))
        if name != "purged":
            rows.append((name, is_gone, "created", None, None, new))
    histories = csv_text(
        history,
        *(
            (
                salesforce_id("017", str(number)),
                deleted,
                salesforce_id("500", name),
                field,
                before,
                after,
                moment,
                salesforce_id("005", "anna"),
            )
            for number, (name, deleted, field, before, after, moment) in enumerate(rows)
        ),
    )
    (exports / "sf").mkdir(parents=True)
    (exports / "sf" / "case_2024-06-30.csv").write_text(first)
    (exports / "sf" / f"case_{DELIVERED}.csv").write_text(second)
    (exports / "sf" / f"history_{DELIVERED}.csv").write_text(histories)
    when = r"delivered_at_pattern: '(\d{4}-\d{2}-\d{2})'"
    files = {"case": f"glob: sf/case_*.csv, {when}", "casehistory": f"glob: sf/history_*.csv, {when}"}
    return source("sf", "salesforce", files, "salesforce")


def deliver_calls(exports: Path) -> str:
    calls = csv_text(
        "call,ticket,start,finish",
        ("c1", salesforce_id("500", "twice"), "2024-05-01 08:00:00", "2024-05-01 08:10:00"),
        ("c2", salesforce_id("500", "kept"), "2024-05-02 08:00:00", "2024-05-02 08:10:00"),
        ("c3", salesforce_id("500", "gone"), "2024-05-02 08:00:00", "2024-05-02 08:10:00"),
    )
    (exports / "tel").mkdir(parents=True)
    (exports / "tel" / "calls.csv").write_text(calls)
    return """source: tel
centre: salesforce
connector: mapped
time_zone: UTC
files:
  calls:
    glob: tel/calls.csv
    feeds:
      contacts:
        contact_id: call
        channel: "'voice'"
        started_at: start
        ended_at: finish
        case_id: ticket
"""


def deliver_mapped(exports: Path) -> str:
    """A log that lost nothing: cases that never changed are known to be unchanged."""
    (exports / "whole").mkdir(parents=True)
    cases = csv_text(
        "id,opened,status,team",
        ("1", "2024-03-01 09:00:00", "closed", "b"),
        ("2", "2024-03-01 10:00:00", "new", "a"),
        ("3", "2024-03-02 10:00:00", "closed", "a"),
    )
    log = csv_text(
        "id,field,old,new,moment",
        ("1", "status", "new", "open", "2024-03-01 09:10:00"),
        ("1", "group", "a", "b", "2024-03-01 09:20:00"),
        ("1", "status", "open", "closed", "2024-03-01 11:00:00"),
        ("3", "status", "open", "closed", "2024-03-02 12:00:00"),
    )
    (exports / "whole" / "cases.csv").write_text(cases)
    (exports / "whole" / "log.csv").write_text(log)
    return """source: whole
centre: whole
connector: mapped
time_zone: UTC
files:
  cases:
    glob: whole/cases.csv
    feeds:
      cases: {case_id: id, opened_at: opened, status: status, group_id: team}
  log:
    glob: whole/log.csv
    feeds:
      case_changes: {case_id: id, field: field, old_value: old, new_value: new, changed_at: moment}
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("histories")
    exports = place / "exports"
    (place / "sources").mkdir()
    for number, deliver in enumerate((deliver_zendesk, deliver_salesforce, deliver_calls, deliver_mapped)):
        (place / "sources" / f"s{number}.yml").write_text(deliver(exports), encoding="utf-8")
    done = run(place / "sources", exports, place / "home")
    assert done.code == 0, done.output
    return done


def case(line: Run, centre: str, name: str, columns: str) -> list[tuple[object, ...]]:
    case_id = salesforce_id("500", name) if centre == "salesforce" else name
    return line.rows(f"SELECT {columns} FROM mart_case WHERE centre = '{centre}' AND case_id = '{case_id}'")


FIGURES = "CAST(first_resolved_at AS VARCHAR), n_reopens, n_handoffs, CAST(round(open_hours) AS INTEGER), is_resolved"


@pytest.mark.parametrize(
    ("centre", "name", "figures"),
    [
        ("zendesk", "2", (None, None, None, None, True)),
        ("zendesk", "3", (None, None, None, None, True)),
        ("zendesk", "4", ("2024-08-03 09:00:00", 0, None, 48, True)),
        ("zendesk", "5", (None, 0, None, None, False)),
        ("salesforce", "kept", ("2024-06-01 09:00:00", 0, None, 744, True)),
        ("salesforce", "working", ("2024-06-01 09:00:00", 0, None, 744, True)),
        # The system's own stamp says when it was closed, not whether that was the first time.
        ("salesforce", "purged", (None, None, None, 21168, True)),
        ("salesforce", "silent", (None, None, None, 744, True)),
        ("salesforce", "blank", (None, None, None, 744, True)),
        ("whole", "1", ("2024-03-01 11:00:00", 0, 1, 2, True)),
        ("whole", "2", (None, 0, 0, None, False)),
        ("whole", "3", ("2024-03-02 12:00:00", 0, 0, 2, True)),
    ],
)
def test_what_no_history_holds_is_unknown(
    line: Run, centre: str, name: str, figures: tuple[object, ...]
) -> None:
    found = case(line, centre, name, FIGURES)
    assert len(found) == 1
    expected = figures if figures[4] else (*figures[:3], found[0][3], False)
    assert found == [expected]


@pytest.mark.parametrize(("centre", "n_affected"), [("zendesk", 2), ("salesforce", 3), ("whole", 0)])
def test_undelivered_histories_are_a_blind_spot(line: Run, centre: str, n_affected: int) -> None:
    found = line.rows(
        f"SELECT DISTINCT affected_n FROM mart_blind_spot WHERE centre = '{centre}' AND blind_spot_id = 'BS20' "
        "AND scope_type = 'source' AND window_type = 'span' AND total_n > 0"
    )
    assert found == [(n_affected,)]


def test_a_case_opened_in_another_state_has_the_interval_from_its_opening(line: Run) -> None:
    with duckdb.connect(str(line.home / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "SELECT value, CAST(valid_from AS VARCHAR) FROM marts.fct_case_interval WHERE field = 'status' "
            "AND case_id = ? ORDER BY interval_seq",
            [salesforce_id("500", "working")],
        ).fetchall()
    assert found == [("open", "2024-05-01 09:00:00"), ("closed", "2024-06-01 09:00:00")]


def test_merged_cases_are_the_one_that_survives(line: Run) -> None:
    assert case(line, "salesforce", "merged", "case_id") == []
    assert case(line, "salesforce", "twice", "case_id") == []
    assert case(line, "salesforce", "kept", "n_merged, is_deleted") == [(2, False)]
    found = line.rows("SELECT contact_id, case_id FROM mart_contact ORDER BY contact_id")
    kept = salesforce_id("500", "kept")
    assert found == [("c1", kept), ("c2", kept), ("c3", salesforce_id("500", "gone"))]


def test_deleted_cases_keep_their_figures_and_leave_every_rate(line: Run) -> None:
    found = case(line, "salesforce", "gone", "is_deleted, n_reopens, is_resolved, journey_id")
    assert found == [(True, 0, True, None)]
    assert case(line, "zendesk", "6", "is_deleted, journey_id") == [(True, None)]
    assert line.one("SELECT sum(n_cases) FROM mart_journey WHERE centre = 'zendesk'") == 5
    n_deleted = line.rows(
        "SELECT DISTINCT n_deleted FROM mart_escalation_heatmap WHERE centre = 'zendesk' AND window_type = 'span' "
        "AND dim_x = 'reason' AND dim_y = 'channel'"
    )
    assert n_deleted == [(1,)]
