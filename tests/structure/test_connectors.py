"""A connector is whole: tables, sources, entities, a place in the unions, and tests."""

import re

import pytest
import yaml

from orchestration.sources import contract, source_files
from orchestration.sources.connectors import bundle
from orchestration.sources.contract import Table
from seeds.simulator.exports import registry
from tests.conftest import PROJECT
from tests.structure.reading import DBT, text_of, yaml_of

INTERMEDIATE = DBT / "models" / "intermediate"
UNIONS = INTERMEDIATE / "entity"
HIDDEN = ("hash", "drop")
# Columns with these words in their names hold what people wrote or are called.
PERSONAL = re.compile(r"(^|_)(name|subject|body|text|comment|description|email|phone|summary)(_|$)")
# Tables of things, whose names are nobody's.
OF_THINGS = {"groups", "business_hours", "milestone_types"}
VENDORS = bundle.names()


def tables(vendor: str) -> list[Table]:
    return list(bundle.load(vendor).tables.values())


def vendor_models(vendor: str) -> dict[str, str]:
    """Entity to text of the model that says what the vendor means."""
    prefix = f"int_{vendor}__"
    return {
        path.stem.removeprefix(prefix): text_of(path)
        for path in (INTERMEDIATE / vendor).glob(f"{prefix}*.sql")
    }


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_table_has_a_grain_a_key_and_columns_for_both(vendor: str) -> None:
    for table in tables(vendor):
        assert table.grain.startswith("one "), table.full_name
        named = {*table.key, *table.version_at, *filter(None, [table.event_at])}
        assert named <= set(table.landed), f"{table.full_name}: {sorted(named - set(table.landed))}"
        assert table.required, f"{table.full_name} would land rows of nothing"


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_tables_feed_are_entities(vendor: str) -> None:
    fed = {entity for table in tables(vendor) for entity in table.feeds}
    assert fed <= set(contract.entities())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_source_of_nothing_but_places_is_enough(vendor: str, tmp_path: object) -> None:
    file_sets = {name: {"glob": f"{name}/*"} for name in bundle.load(vendor).file_sets}
    document = {"source": "a", "connector": vendor, "time_zone": "UTC", "files": file_sets}
    file = PROJECT / str(tmp_path) / "a.yml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    loaded = source_files.load(file)
    assert {feed.table.name for feeds in loaded.feeds.values() for feed in feeds} == {
        table.name for table in tables(vendor)
    }
    for name in file_sets:
        loaded.shapes(name)


@pytest.mark.parametrize("vendor", VENDORS)
def test_words_and_names_of_people_never_land(vendor: str) -> None:
    bare = [
        f"{table.full_name}.{column.name}"
        for table in tables(vendor)
        if table.name not in OF_THINGS
        for column in table.columns.values()
        if PERSONAL.search(column.name)
        and not column.name.endswith("_id")
        and column.type in ("id", "text", "list")
        and column.pii not in HIDDEN
    ]
    assert not bare, "hash or drop them, or keep a feature of theirs"


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_entity_with_a_union_that_is_fed_has_a_model_and_is_united(vendor: str) -> None:
    united = {path.stem.removeprefix("int_entity__"): text_of(path) for path in UNIONS.rglob("*.sql")}
    fed = {entity for table in tables(vendor) for entity in table.feeds} & set(united)
    missing = sorted(fed - set(vendor_models(vendor)))
    assert not missing, f"no model int_{vendor}__{{{', '.join(missing)}}}"
    apart = sorted(entity for entity in fed if f'"int_{vendor}__{entity}"' not in united[entity])
    assert not apart, f"not in the unions of {', '.join(apart)}"


@pytest.mark.parametrize("vendor", VENDORS)
def test_its_models_are_described_and_tested(vendor: str) -> None:
    described = {model["name"] for model in yaml_of(INTERMEDIATE / vendor / "_models.yml")["models"]}
    assert described == {f"int_{vendor}__{name}" for name in vendor_models(vendor)}
    tested = {test["model"] for test in yaml_of(INTERMEDIATE / vendor / "_unit_tests.yml")["unit_tests"]}
    assert tested, "no unit test of its models"
    assert tested <= described


@pytest.mark.parametrize("vendor", VENDORS)
def test_it_has_tests_of_its_traps(vendor: str) -> None:
    file = PROJECT / "tests" / "stages" / "connectors" / f"test_{vendor}.py"
    assert file.exists()
    assert "def test_" in text_of(file)


def test_every_connector_has_a_format_of_the_simulator() -> None:
    assert {*registry.TELEPHONY, *registry.CRM} - {"plain"} == set(VENDORS)
