"""What is made from the source contract equals the contract, in both directions."""

import ast
import re
from pathlib import Path

import pytest

from orchestration.sources import contract, generate, raw_tables
from orchestration.sources.connectors import bundle
from orchestration.sources.contract import MAPPED_SCHEMA
from tests.structure.reading import DBT, models, name_of, text_of, yaml_of


@pytest.mark.parametrize("path", generate.outputs(), ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.exists(), f"{name_of(path)} is missing: run `make generate`"
    assert text_of(path) == generate.outputs()[path], f"{name_of(path)} is out of date: run `make generate`"


def test_dbt_reads_every_entity_of_the_contract_and_no_other() -> None:
    sources = yaml_of(DBT / "models" / "staging" / "mapped" / "_sources.yml")["sources"]
    tables = next(source["tables"] for source in sources if source["name"] == MAPPED_SCHEMA)
    shown = {entity.name: list(raw_tables.view_columns(entity)) for entity in contract.entities().values()}
    assert {t["name"]: [column["name"] for column in t["columns"]] for t in tables} == shown


def test_the_macro_holds_the_keys_of_every_raw_table() -> None:
    macro = re.search(r"set tables = (\{.*?\n    \})", text_of(DBT / "macros" / "contract.sql"), re.DOTALL)
    assert macro
    keys = {name: tuple(entry["key"]) for name, entry in ast.literal_eval(macro.group(1)).items()}
    assert keys == {table.full_name: table.key for table in bundle.all_tables()}


def test_staging_reads_entities_of_the_contract() -> None:
    names = (path.stem for path in models() if path.stem.startswith("stg_mapped__"))
    staged = {re.sub(r"^stg_mapped__|_(versions|by_delivery)$", "", name) for name in names}
    assert staged <= set(contract.entities())


def test_generated_staging_models_are_read_by_some_model() -> None:
    """Without it, a table that nothing reads any more keeps its staging model."""
    made = {path for path in generate.outputs() if path.name.startswith("stg_")}
    marked = {path for path in models() if "Made by `make generate`" in text_of(path)}
    assert marked == made
