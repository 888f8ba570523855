"""What vendors print as samples of their exports lands whole, and everybody they name is in the marts."""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

from tests.integration import samples
from tests.integration.conftest import Run, run
from tests.keys import check_keys

pytestmark = [pytest.mark.integration, pytest.mark.real_data]

VENDORS: dict[str, ModuleType] = {
    module.name: importlib.import_module(f"{samples.__name__}.{module.name}")
    for module in pkgutil.iter_modules(samples.__path__)
}


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> Run:
    """All vendors' samples, run once, each vendor a centre."""
    place = tmp_path_factory.mktemp("samples")
    (place / "sources").mkdir()
    for vendor in VENDORS.values():
        vendor.deliver(real_data, place / "exports")
        for name, text in vendor.SOURCES.items():
            (place / "sources" / name).write_text(text, encoding="utf-8")
    done = run(place / "sources", place / "exports", place / "home")
    assert done.code == 0, done.output
    return done


def test_every_row_lands(line: Run) -> None:
    assert "; 0 rows quarantined" in line.output


def test_the_keys_of_the_tables_below_the_marts_hold(line: Run, tmp_path: Path) -> None:
    check_keys(line.home, tmp_path)


@pytest.mark.parametrize("mart", ["mart_case", "mart_contact"])
@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_everybody_in_the_samples_is_in_the_marts(line: Run, real_data: Path, vendor: str, mart: str) -> None:
    expected_rows = VENDORS[vendor].expected_rows(real_data)
    assert expected_rows.keys() == {"mart_case", "mart_contact"}
    assert any(expected_rows.values()), "the samples name nobody"
    identity = mart.removeprefix("mart_") + "_id"
    standing = {row[0] for row in line.rows(f"SELECT {identity} FROM {mart} WHERE centre = '{vendor}'")}
    assert expected_rows[mart] - standing == set()


def test_contacts_without_a_record_are_a_blind_spot(line: Run) -> None:
    """Amazon Connect prints no sample of a contact record."""
    found = line.rows(
        "SELECT status, affected_n, total_n FROM mart_blind_spot WHERE centre = 'amazon_connect' "
        "AND blind_spot_id = 'BS07' AND scope_type = 'source' AND window_type = 'span'"
    )
    n_contacts = line.one("SELECT count(*) FROM mart_contact WHERE centre = 'amazon_connect'")
    assert found == [("blind", n_contacts, n_contacts)]
    unknown = "disposition, talk_seconds, customer_id, case_id"
    for column in unknown.split(", "):
        count = f"SELECT count({column}) FROM mart_contact WHERE centre = 'amazon_connect'"
        assert line.one(count) == 0, column
    # Whoever was answered abandoned nothing; of the others nobody knows.
    abandoned = "is_abandoned IS DISTINCT FROM CASE WHEN is_answered THEN false END"
    count = f"SELECT count(*) FROM mart_contact WHERE centre = 'amazon_connect' AND {abandoned}"
    assert line.one(count) == 0
    assert (
        line.one("SELECT count(*) FROM mart_contact WHERE centre = 'amazon_connect' AND NOT is_answered") == 0
    )
