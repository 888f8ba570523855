"""The warehouse shows every entity of the contract, delivered or not, with the contract's types."""

import json
from datetime import datetime

import duckdb
import pytest

from orchestration.landing import pipeline, views
from orchestration.settings import Settings
from orchestration.sources import contract, raw_tables, source_files
from orchestration.sources.connectors import bundle
from tests.stages.place import SALT, Place, cases, csv_text


def described(place: Place, view: str) -> dict[str, str]:
    with duckdb.connect(str(place.home.warehouse), read_only=True) as connection:
        return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {view}").fetchall()}


def test_every_raw_table_has_the_columns_of_its_contract_delivered_or_not(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2)))
    place.land_one()
    counts = views.expose(place.home.warehouse, place.home, [source_files.load(place.yaml)], None)
    tables = {table.full_name: table for table in bundle.all_tables()}
    assert counts == dict.fromkeys(tables, 0) | {"raw_mapped.cases": 2}
    for name, table in tables.items():
        assert described(place, name) == raw_tables.view_columns(table)
    for table, columns in (raw_tables.SYSTEM_TABLES | {"quarantine": raw_tables.QUARANTINE_COLUMNS}).items():
        assert described(place, f"raw_faultline.{table}") == columns
    assert "name" not in contract.entities()["agents"].landed


def test_nothing_delivered_is_empty_and_no_error(place: Place) -> None:
    place.source()
    assert place.exposed("SELECT count(*) FROM raw_mapped.cases") == [(0,)]
    assert place.exposed("FROM raw_faultline.deliveries") == []
    assert place.exposed("FROM raw_faultline.quarantine") == []
    assert place.exposed("FROM raw_faultline.sources") == [
        ("crm", "crm", "mapped", "UTC", "cases", None, None)
    ]
    assert place.exposed("FROM raw_faultline.parameters") == [(None,)]


def test_what_a_source_file_says_of_keys_and_escalations_reaches_the_warehouse(place: Place) -> None:
    feed = {"contact_id": "id", "channel": "'voice'", "started_at": "opened", "keep": "first"}
    place.source({"contacts": feed}, top={"derive_escalations": "tier"})
    found = place.exposed("SELECT entity, keep, derive_escalations FROM raw_faultline.sources")
    assert found == [("contacts", "first", "tier")]


def test_columns_missing_from_a_part_are_null(place: Place) -> None:
    """Files of one entity fill different fields; one part says what type the others have."""
    place.source().put("a.csv", csv_text(*cases(1)))
    place.land_one()
    assert place.exposed("SELECT status, reason, is_sla_met, source_instance FROM raw_mapped.cases") == [
        ("open", None, None, "crm")
    ]
    place.source({"cases": {"case_id": "id", "opened_at": "opened", "is_sla_met": "'yes'"}}, glob="b.csv")
    place.put("b.csv", csv_text(*cases(1, start=1)))
    place.yaml.write_text(
        place.yaml.read_text()
        + "  more:\n    glob: a.csv\n    feeds:\n      cases: {case_id: id, opened_at: opened, status: status}\n"
    )
    place.land()
    assert place.exposed("SELECT case_id, status, is_sla_met FROM raw_mapped.cases ORDER BY 1") == [
        ("C0", "open", None),
        ("C1", None, True),
    ]


def test_a_part_from_before_the_contract_grew_is_still_read(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(1)))
    part = place.part(place.land_one())
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT case_id, opened_at, 'x' AS dropped_since FROM '{part}') TO '{part}.old' (FORMAT parquet)"
        )
    part.with_name(f"{part.name}.old").replace(part)
    assert place.exposed("SELECT case_id, status, centre FROM raw_mapped.cases") == [("C0", None, None)]


def test_rows_say_where_they_come_from(place: Place) -> None:
    place.source(
        delivered_at_pattern=r"(\d{4}-\d{2}-\d{2})", time_zone="Europe/Berlin", top={"centre": "bank"}
    )
    place.put("2025-07-31/a.csv", csv_text(*cases(1)))
    place.source(
        glob="**/*.csv",
        delivered_at_pattern=r"\d{4}-\d{2}-\d{2}",
        time_zone="Europe/Berlin",
        top={"centre": "bank"},
    )
    delivery = place.land_one()
    found = place.exposed(
        "SELECT source_instance, centre, _source_file, _delivery_id, _delivered_at FROM raw_mapped.cases"
    )
    moment = datetime(2025, 7, 31, 21, 59, 59)
    assert found == [("crm", "bank", "2025-07-31/a.csv", delivery.delivery_id, moment)]
    assert place.exposed("SELECT delivered_at, centre FROM raw_faultline.deliveries") == [(moment, "bank")]


def test_deliveries_and_quarantine_show_what_happened(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2), ("C3", "never", "x"), header="id,opened,extra"))
    place.put("b.csv", "x,y\n1,2\n")
    place.land()
    found = place.exposed(
        "SELECT source_file, status, n_read, n_landed, n_filtered, n_quarantined, n_columns_missing, n_columns_extra "
        "FROM raw_faultline.deliveries ORDER BY 1"
    )
    assert found == [("a.csv", "landed", 3, 2, 0, 1, 1, 1), ("b.csv", "quarantined", 0, 0, 0, 0, 0, 0)]
    faults = place.exposed(
        "SELECT source_instance, entity, source_file, line, column_name FROM raw_faultline.quarantine ORDER BY 3"
    )
    assert faults == [("crm", "cases", "a.csv", 4, "opened_at"), ("crm", "cases", "b.csv", None, "")]


def test_sources_that_are_no_longer_described_do_not_count(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2)))
    place.land_one()
    place.yaml.write_text(place.yaml.read_text().replace("source: crm", "source: erp"))
    assert place.exposed("FROM raw_mapped.cases") == []
    assert place.exposed("FROM raw_faultline.deliveries") == []


def test_the_moment_to_look_from_is_a_parameter(place: Place) -> None:
    place.source()
    moment = Settings(as_of="2025-01-31T10:00:00+02:00").as_of_at
    views.expose(place.home.warehouse, place.home, [source_files.load(place.yaml)], moment)
    with duckdb.connect(str(place.home.warehouse)) as connection:
        assert connection.execute("FROM raw_faultline.parameters").fetchall() == [(datetime(2025, 1, 31, 8),)]


def test_every_raw_row_knows_the_moment_to_look_from(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(1)))
    place.land_one()
    assert place.exposed("SELECT _as_of_at FROM raw_mapped.cases") == [(None,)]
    moment = Settings(as_of="2025-01-31T10:00:00+02:00").as_of_at
    views.expose(place.home.warehouse, place.home, [source_files.load(place.yaml)], moment)
    with duckdb.connect(str(place.home.warehouse)) as connection:
        found = connection.execute("SELECT _as_of_at FROM raw_mapped.cases").fetchall()
    assert found == [(datetime(2025, 1, 31, 8),)]


@pytest.mark.parametrize(
    ("entity", "keep", "expected"),
    [
        ("contacts", None, False),
        ("contacts", "first", True),
        ("contacts", "last", False),
        ("escalations", None, True),
        ("escalations", "first", True),
        ("escalations", "last", False),
    ],
)
def test_every_row_of_a_log_knows_whether_its_source_keeps_the_first(
    place: Place, entity: str, keep: str | None, expected: bool
) -> None:
    columns = {
        "contacts": {"contact_id": "id", "channel": "'voice'", "started_at": "opened"},
        "escalations": {
            "escalation_id": "id",
            "case_id": "id",
            "requested_at": "opened",
            "type": "'functional'",
        },
    }
    feed = columns[entity] | ({"keep": keep} if keep else {})
    place.source({entity: feed}).put("a.csv", csv_text(*cases(1)))
    place.land_one()
    assert place.exposed(f"SELECT source_instance, _keeps_first FROM raw_mapped.{entity}") == [
        ("crm", expected)
    ]


def test_a_home_called_like_a_pattern(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    odd = Place(tmp_path_factory.mktemp("run[1] env=x"))
    odd.source().put("a.csv", csv_text(*cases(2), ("C9", "never", "x")))
    odd.land_one()
    assert len(odd.exposed("FROM raw_mapped.cases")) == 2
    assert len(odd.exposed("FROM raw_faultline.quarantine")) == 1


def test_two_sources_share_a_table(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2)))
    other = place.root / "other.yml"
    other.write_text(place.yaml.read_text().replace("source: crm", "source: erp"))
    both = source_files.load_folder(place.root)
    pipeline.land(both, place.exports, place.home, salt=SALT)
    assert views.expose(place.home.warehouse, place.home, both, None)["raw_mapped.cases"] == 4
    with duckdb.connect(str(place.home.warehouse)) as connection:
        found = connection.execute(
            "SELECT source_instance, count(*) FROM raw_mapped.cases GROUP BY 1 ORDER BY 1"
        )
        assert found.fetchall() == [("crm", 2), ("erp", 2)]


CHANGES = {
    "case_changes": {"case_id": "id", "field": "'status'", "new_value": "new", "changed_at": "happened"}
}
"""A change log without a sequence of its own: the place of a row in its file says what came first."""


def lines_of(place: Place) -> list[tuple[str, int, str]]:
    return sorted(place.rows("_source_file", "_source_line", "new_value", entity="case_changes"))


def change(new: str) -> tuple[str, str, str]:
    return ("C1", new, "2025-01-01 10:00:00")


def test_rows_of_a_change_log_land_with_their_line_in_each_file_of_a_batch(place: Place) -> None:
    place.source(CHANGES, quote="")
    place.put(
        "a.csv",
        csv_text(change("open"), ("C1", "late", "no time"), change("closed"), header="id,new,happened"),
    )
    place.put("b.csv", csv_text(change("new"), change("open"), header="id,new,happened"))
    place.put("empty.csv", "id,new,happened\n")
    place.land()
    assert lines_of(place) == [
        ("a.csv", 2, "open"), ("a.csv", 4, "closed"), ("b.csv", 2, "new"), ("b.csv", 3, "open"),
    ]  # fmt: skip
    assert place.bad_lines() == {3: "cannot be read as a date and time"}


def test_records_of_a_list_are_numbered(place: Place) -> None:
    records = [{"id": "C1", "new": new, "happened": "2025-01-01"} for new in "ba"]
    place.source(CHANGES, format="json").put("a.json", json.dumps(records))
    place.land()
    assert lines_of(place) == [("a.json", 1, "b"), ("a.json", 2, "a")]


def test_lines_keep_their_order_behind_damaged_ones(place: Place) -> None:
    place.source(CHANGES)
    place.put(
        "a.csv", csv_text(change("b"), ("too", "few"), change("a"), change("c"), header="id,new,happened")
    )
    place.land()
    assert [new for _, _, new in lines_of(place)] == ["b", "a", "c"]


def test_only_tables_that_ask_for_lines_have_them() -> None:
    asked = {table.full_name for table in bundle.all_tables() if contract.SOURCE_LINE in table.landed}
    assert asked == {
        "raw_mapped.case_changes",
        "raw_mapped.case_snapshots",
        "raw_asterisk.queue_log",
        "raw_asterisk.queue_log_table",
        "raw_servicenow.audits",
        "raw_zendesk.ticket_field_history",
    }
