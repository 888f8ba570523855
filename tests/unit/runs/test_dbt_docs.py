"""The documentation of the models counts as long as it is whole, and of the models as they are."""

import json
from pathlib import Path

import pytest

from orchestration.base import engine
from orchestration.errors import ConfigurationError
from orchestration.landing import views
from orchestration.publish import built
from orchestration.runs import dbt_docs, dbt_project
from orchestration.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def written(config: Settings) -> Path:
    folder = config.paths.docs
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text("all tables", encoding="utf-8")
    (folder / "made_from").write_text(dbt_project.models_fingerprint(), encoding="utf-8")
    return folder / "index.html"


def test_documentation_of_the_present_models_is_found(config: Settings, written: Path) -> None:
    assert dbt_docs.current(config) == written


def test_documentation_of_earlier_models_is_not_found(
    config: Settings, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_project, "models_fingerprint", lambda: "later models")
    assert dbt_docs.current(config) is None


@pytest.mark.parametrize("lost", ["index.html", "made_from"])
def test_documentation_that_is_not_whole_is_not_found(config: Settings, written: Path, lost: str) -> None:
    (written.parent / lost).unlink()
    assert dbt_docs.current(config) is None


def test_a_home_without_a_warehouse_is_refused_and_stays_unmade(config: Settings) -> None:
    with pytest.raises(ConfigurationError, match="Nothing has been built in"):
        dbt_docs.write(config)
    assert not config.home.exists()


CASES, THRESHOLDS = ("intermediate", "cases"), ("reference", "thresholds")
NODES = {
    "model.cases": ("model", *CASES, "table"),
    "seed.thresholds": ("seed", *THRESHOLDS, "seed"),
    "model.inlined": ("model", "staging", "inlined", "ephemeral"),
    "test.key": ("test", "test_audit", "key", "test"),
}


@pytest.fixture
def landed(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home whose raw zone was made and nothing else, and a dbt that documents two tables."""

    def generate(_config: Settings, command: list[str], target: Path) -> str:
        assert command == ["docs", "generate", "--static"]
        target.mkdir(parents=True, exist_ok=True)
        nodes = {
            node: {"resource_type": kind, "schema": schema, "name": name, "config": {"materialized": made_as}}
            for node, (kind, schema, name, made_as) in NODES.items()
        }
        (target / "manifest.json").write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
        (target / "static_index.html").write_text('all tables {"root_path": "/srv/anna"}', encoding="utf-8")
        return ""

    monkeypatch.setattr(dbt_project, "call", generate)
    home = config.paths.create()
    views.expose(home.warehouse, home, [], None, inputs="first")
    return config


def _build(config: Settings, *relations: built.Relation) -> None:
    with engine.connect(config.paths.warehouse) as connection:
        built.record(connection, {relation: set() for relation in relations}, relations)


def test_documentation_after_a_whole_build_counts(landed: Settings) -> None:
    _build(landed, CASES, THRESHOLDS)
    page = dbt_docs.write(landed)
    assert page.read_text("utf-8") == 'all tables {"root_path": ""}'
    assert dbt_docs.current(landed) == page


def test_documentation_after_a_failed_build_does_not_count(landed: Settings, written: Path) -> None:
    """Without it, tables without columns would be published as the documentation of sound ones."""
    assert dbt_docs.current(landed) == written
    _build(landed, THRESHOLDS)
    page = dbt_docs.write(landed)
    assert page.is_file()
    assert dbt_docs.current(landed) is None


def test_documentation_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    """Without it, a published page would show the name of whoever built it."""
    page = tmp_path / "page.html"
    page.write_text(
        '{"root_path": "/srv/anna/x", "path": "marts/a.sql", "compiled_path": "/srv/a.sql"}', "utf-8"
    )
    dbt_docs._without_paths(page)
    assert page.read_text("utf-8") == '{"root_path": "", "path": "marts/a.sql", "compiled_path": ""}'
