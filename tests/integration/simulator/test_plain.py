"""Plain feeds: the columns of the source contract, delivered by day, as it stood then."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.sources import contract
from seeds.simulator import scenario
from seeds.simulator.centre.world import CANARIES
from seeds.simulator.deliver import deliver
from seeds.simulator.events import EXPORTED, TABLES
from seeds.simulator.exports import plain
from seeds.simulator.scenario import Centre, Damage, Scenario
from seeds.simulator.simulation import simulate

CENTRE = Centre(days=28, teams=5, queues=16, reasons=6, contacts=3_000, name="little")
# Of the case snapshots the changes are delivered instead.
NOT_FED = {"case_snapshots"}


def written(folder: Path, period: int = 1, **settings: object) -> Path:
    found = Scenario(about="test", centre=CENTRE, **settings)
    made = simulate(found, 1, plain.VENDOR, plain.VENDOR)
    deliver(
        made,
        1,
        folder,
        telephony=plain.VENDOR,
        crm=plain.VENDOR,
        copies=1,
        period=period,
        report=lambda _: None,
    )
    return folder


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("plain"))


def rows(query: str) -> list[tuple]:
    return duckdb.sql(query).fetchall()


# What only a vendor's exports hold, and what the simulated centre has no use for: its stamps are exact.
NOT_EXPORTED = {
    "cases": {"vendor_resolved_at"},
    "contacts": {"is_recorded", "is_callback", "duration_seconds"},
    "legs": {"dequeued_at", "queue_outcome", "duration_seconds"},
}


def exported_columns(table: str) -> dict[str, contract.Column]:
    left_out = NOT_EXPORTED.get(table, set())
    return {name: one for name, one in contract.entities()[table].columns.items() if name not in left_out}


def test_tables_and_columns_are_those_of_the_contract() -> None:
    assert contract.entities().keys() - NOT_FED == plain.ALL
    for table in plain.ALL:
        assert list(exported_columns(table)) == EXPORTED[table], table


def test_types_are_those_of_the_contract() -> None:
    equivalent = {"phone": "id", "phones": "list", "ids": "list", "email": "text"}
    for table in plain.ALL:
        for column in exported_columns(table).values():
            assert TABLES[table][column.name] == equivalent.get(column.type, column.type), (
                table,
                column.name,
            )


def test_files_carry_only_what_was_known_on_their_day(out: Path) -> None:
    for file in (out / "exports").rglob("*.csv"):
        day = date.fromisoformat(file.parent.name)
        if file.stem not in ("contacts", "legs", "cases", "case_changes", "notes", "messages", "escalations"):
            continue
        columns = [
            name
            for name in EXPORTED[file.stem]
            if TABLES[file.stem][name] == "ts" and name != "delivered_version_at"
        ]
        latest = rows(
            f"SELECT greatest({', '.join(f'max(TRY_CAST({one} AS TIMESTAMP))' for one in columns)}, NULL) FROM '{file}'"
        )[0][0]
        assert latest is None or latest.date() < day, file


def test_a_case_is_delivered_again_whenever_it_changed(out: Path) -> None:
    cases = f"{out}/exports/crm/*/cases.csv"
    many = rows(
        f"SELECT case_id, list(status ORDER BY filename) FROM read_csv('{cases}', filename = true) "
        "GROUP BY 1 HAVING count(*) > 2"
    )
    assert len(many) > 100
    assert any(one[0] in ("new", "open") and one[-1] == "closed" for _, one in many)


def test_the_last_delivery_shows_the_case_as_it_ended(out: Path) -> None:
    cases, truth = f"{out}/exports/crm/*/cases.csv", f"{out}/truth/events/cases.parquet"
    differing = rows(
        f"""WITH last AS (
                SELECT * FROM read_csv('{cases}', filename = true)
                QUALIFY row_number() OVER (PARTITION BY case_id ORDER BY filename DESC) = 1
            )
            SELECT count(*), count(*) FILTER (
                l.status IS DISTINCT FROM t.status OR l.owner_id IS DISTINCT FROM t.owner_id
                OR l.group_id IS DISTINCT FROM t.group_id OR l.vendor_reopen_count IS DISTINCT FROM t.vendor_reopen_count
                OR l.closed_at IS DISTINCT FROM t.closed_at
            ) FROM last l JOIN '{truth}' t USING (case_id)"""
    )[0]
    assert differing[0] > 1_000
    assert differing[1] == 0


def test_histories_are_contiguous(out: Path) -> None:
    changes = f"{out}/exports/crm/*/case_changes.csv"
    torn = rows(
        f"""SELECT count(*) FROM (
                SELECT old_value, lag(new_value) OVER (PARTITION BY case_id, field ORDER BY change_seq) AS before,
                       row_number() OVER (PARTITION BY case_id, field ORDER BY change_seq) AS place
                FROM read_csv('{changes}')
            ) WHERE place > 1 AND old_value IS DISTINCT FROM before"""
    )
    assert torn == [(0,)]


def test_every_file_is_read_by_a_source(out: Path) -> None:
    texts = [file.read_text() for file in (out / "sources").iterdir()]
    globs = {line.split('"')[1] for text in texts for line in text.splitlines() if "glob:" in line}
    read = {file for one in globs for file in (out / "exports").glob(one)}
    assert read == set((out / "exports").rglob("*.csv"))
    assert all("centre: little" in text for text in texts)


def test_texts_and_identifiers_carry_canaries(out: Path) -> None:
    everything = "".join(file.read_text() for file in sorted((out / "exports").rglob("*.csv")))
    assert all(canary in everything for canary in CANARIES)
    assert (out / "truth" / "canaries.txt").read_text().split() == list(CANARIES)


def test_fewer_deliveries_bring_the_same_contacts(out: Path, tmp_path: Path) -> None:
    weekly = written(tmp_path / "weekly", period=7)
    assert len(list((weekly / "exports").rglob("contacts.csv"))) == 4
    ids = "SELECT contact_id FROM '{}/exports/telephony/*/contacts.csv' ORDER BY 1"
    assert rows(ids.format(weekly)) == rows(ids.format(out))


def test_late_files_come_nine_days_late(tmp_path: Path) -> None:
    late = written(tmp_path / "late", damage=[Damage(kind="late_files", share=0.25)])
    moved = list((late / "exports" / "telephony").glob("*/contacts/contacts*.csv"))
    assert len(moved) == 7
    for file in moved:
        newest = rows(f"SELECT max(ended_at) FROM '{file}'")[0][0].date()
        assert (date.fromisoformat(file.parents[1].name) - newest).days == 10


def test_the_same_seed_writes_the_same_bytes(out: Path, tmp_path: Path) -> None:
    again = written(tmp_path / "again")

    def contents(folder: Path) -> dict[str, bytes]:
        return {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }

    assert contents(again) == contents(out)


def test_the_manifest_says_what_was_written(out: Path) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["seed"] == 1
    assert manifest["n_contacts"] == rows(f"SELECT count(*) FROM '{out}/truth/events/contacts.parquet'")[0][0]
    n = rows(f"SELECT count(*) FROM '{out}/exports/crm/*/notes.csv'")[0][0]
    assert manifest["rows"]["crm/%Y-%m-%d/notes.csv"] == n


def test_the_decoys_leave_the_truth_empty() -> None:
    decoys = scenario.load("decoys").model_copy(update={"centre": CENTRE})
    made = simulate(decoys, 1, plain.VENDOR, plain.VENDOR)
    assert made.faults == []
    assert made.connection.execute("SELECT count(*) FROM touches").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("customers", ("customer_id", "name", "phones", "emails")),
        ("agents", ("name", "email")),
        ("contacts", ("customer_id", "ani", "email")),
        ("cases", ("customer_id", "subject", "description")),
        ("messages", ("body",)),
        ("notes", ("body",)),
        ("articles", ("body",)),
        ("usage", ("search_text",)),
        ("surveys", ("comment",)),
        ("risk_scores", ("customer_id",)),
        ("escalations", ("customer_id",)),
        ("alerts", ("customer_id",)),
    ],
)
def test_every_text_and_identifier_is_a_canary(out: Path, table: str, columns: tuple[str, ...]) -> None:
    for column in columns:
        is_marked = " OR ".join(f"contains(CAST({column} AS VARCHAR), '{canary}')" for canary in CANARIES)
        found = rows(
            f"SELECT count(*), count(*) FILTER (NOT ({is_marked})) FROM '{out}/truth/events/{table}.parquet' "
            f"WHERE {column} IS NOT NULL AND CAST({column} AS VARCHAR) <> 'anonymous'"
        )[0]
        assert found[0] > 0
        assert found[1] == 0, (table, column)
