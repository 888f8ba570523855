"""The documentation of the models counts as long as it is of the models as they are."""

from pathlib import Path

import pytest

from orchestration.errors import ConfigurationError
from orchestration.runs import dbt_docs, dbt_project
from orchestration.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def written(config: Settings) -> Path:
    folder = config.paths.docs
    folder.mkdir(parents=True)
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


def test_documentation_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    """Without it, a published page would show the name of whoever built it."""
    page = tmp_path / "page.html"
    page.write_text(
        '{"root_path": "/srv/anna/x", "path": "marts/a.sql", "compiled_path": "/srv/a.sql"}', "utf-8"
    )
    dbt_docs._without_paths(page)
    assert page.read_text("utf-8") == '{"root_path": "", "path": "marts/a.sql", "compiled_path": ""}'
