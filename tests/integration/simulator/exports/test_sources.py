"""The source file of every vendor finds every file of its export, and no other one."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.sources.connectors import bundle
from seeds.simulator.deliver import deliver
from seeds.simulator.exports import plain as plain_feeds
from seeds.simulator.exports import registry
from seeds.simulator.exports.kit import Delivery, Vendor
from seeds.simulator.scenario import Centre, Scenario
from seeds.simulator.simulation import simulate

CENTRE = Centre(days=10, teams=5, queues=15, reasons=6, contacts=700, name="acme")
SYSTEMS = [*registry.TELEPHONY.values(), *registry.CRM.values()]


def written(out: Path, vendor: Vendor) -> Path:
    plain = registry.CRM["plain"]
    pair = {
        "telephony": vendor if vendor.name in registry.TELEPHONY else plain,
        "crm": vendor if vendor.name in registry.CRM else plain,
    }
    made = simulate(Scenario(about="test", centre=CENTRE), 1, pair["telephony"], pair["crm"])
    deliver(made, 1, out, **pair, copies=1, period=7, report=lambda _: None)
    return out


@pytest.fixture(scope="module", params=[one for one in SYSTEMS if one.covers], ids=lambda one: one.name)
def export(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Vendor, Path]:
    return request.param, written(tmp_path_factory.mktemp(request.param.name), request.param)


def test_every_file_is_found_by_one_file_set(export: tuple[Vendor, Path]) -> None:
    vendor, out = export
    found: list[Path] = []
    for files in yaml.safe_load((out / "sources" / f"acme_{vendor.name}.yml").read_text())["files"].values():
        matched = list((out / "exports").glob(files["glob"]))
        assert matched, files
        found += matched
    there = [file for file in (out / "exports" / vendor.name).rglob("*") if file.is_file()]
    assert sorted(found) == sorted(there)


def test_the_source_file_names_connector_and_centre(export: tuple[Vendor, Path]) -> None:
    vendor, out = export
    document = yaml.safe_load((out / "sources" / f"acme_{vendor.name}.yml").read_text())
    assert {
        name: document[name] for name in ("source", "centre", "connector", "time_zone", "phone_region")
    } == {
        "source": f"acme_{vendor.name}",
        "centre": "acme",
        "connector": vendor.name,
        "time_zone": "UTC",
        "phone_region": "DE",
    }


def test_what_the_vendor_covers_does_not_come_twice(export: tuple[Vendor, Path]) -> None:
    vendor, out = export
    folders = [folder for folder in (out / "exports").iterdir() if folder.name != vendor.name]
    plain = {file.stem for folder in folders for file in folder.rglob("*.csv")}
    assert plain & vendor.covers == (plain_feeds.OF_CHANNELS if vendor.channels else set())
    assert len(plain) > 20


@pytest.mark.parametrize("vendor", [one for one in SYSTEMS if one.channels], ids=lambda one: one.name)
def test_contacts_of_other_channels_come_as_plain_feeds(vendor: Vendor, tmp_path: Path) -> None:
    out = written(tmp_path / "out", vendor)
    own = ", ".join(f"'{channel}'" for channel in vendor.channels)
    others = f"SELECT contact_id FROM '{out}/truth/events/contacts.parquet' WHERE channel NOT IN ({own})"
    for table in sorted(plain_feeds.OF_CHANNELS):
        files = f"read_csv('{out}/exports/telephony/*/{table}.csv', all_varchar = true)"
        fed = duckdb.sql(f"SELECT contact_id FROM {files} ORDER BY 1").fetchall()
        there = f"SELECT contact_id FROM '{out}/truth/events/{table}.parquet' WHERE contact_id IN ({others})"
        assert fed
        assert fed == duckdb.sql(f"{there} ORDER BY 1").fetchall()


@pytest.mark.parametrize("crm", registry.CRM.values(), ids=lambda one: one.name)
@pytest.mark.parametrize(
    "telephony", [one for one in registry.TELEPHONY.values() if one.covers], ids=lambda one: one.name
)
def test_telephony_names_cases_as_the_crm_lands_them(telephony: Vendor, crm: Vendor, tmp_path: Path) -> None:
    delivery = Delivery(duckdb.connect(), tmp_path, "acme", date(2025, 1, 1))
    files = yaml.safe_load(telephony.source(delivery, crm))["files"]
    file_sets = bundle.load(telephony.name).file_sets
    known = {
        (name, table): columns["case_id"]
        for name in telephony.files
        for table, columns in file_sets[name]["feeds"].items()
        if "case_id" in columns
    }
    differing = {
        (name, table): columns["case_id"]
        for name, settings in files.items()
        for table, columns in settings.get("feeds", {}).items()
    }
    assert known
    as_landed = {place: crm.id_as_landed.format(expression) for place, expression in known.items()}
    assert differing == (as_landed if as_landed != known else {})


def test_the_same_seed_writes_the_same_bytes(export: tuple[Vendor, Path], tmp_path: Path) -> None:
    vendor, out = export
    again = written(tmp_path / "again", vendor)

    def contents(folder: Path) -> dict[str, bytes]:
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}

    assert contents(again) == contents(out)
