"""Packages keep to what they say they import, folders stay small enough to read."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.structure.reading import below, imports_of, is_within, name_of, our_files, text_of

MAX_FILES = 20
# Folders of data, not of things to read.
HOLDS_DATA = ("generated", "exports", "fixtures")
# Package -> what nothing below it may import.
FORBIDDEN = {
    "orchestration/extract": ("dagster", "dagster_dbt", "dbt", "great_expectations", "orchestration.defs"),
    "orchestration/analysis": ("dagster", "dagster_dbt", "dbt", "great_expectations", "duckdb"),
    "orchestration/publish": ("dagster", "dagster_dbt", "dbt", "great_expectations"),
    "orchestration/report": ("dagster", "dagster_dbt", "dbt", "great_expectations"),
    "expectations": ("dagster", "dagster_dbt", "dbt", "duckdb", "orchestration", "seeds", "tests"),
    "orchestration": ("seeds", "tests"),
    "seeds": (
        "dagster",
        "dagster_dbt",
        "dbt",
        "great_expectations",
        "orchestration",
        "expectations",
        "tests",
    ),
}
JUDGES_ARE_CALLED_FROM = "orchestration/defs/blind_spots.py"
SECTIONS = ("Belongs here:", "Does not belong here:", "May import:")


def _packages() -> list[Path]:
    return [
        path
        for folder in ("orchestration", "expectations", "seeds")
        for path in below(folder, ".py")
        if path.name == "__init__.py"
    ]


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_packages_import_only_what_they_may(folder: str) -> None:
    hits = [
        f"{name_of(path)} imports {module}"
        for path in below(folder, ".py")
        for module in sorted(imports_of(path))
        if any(is_within(module, package) for package in FORBIDDEN[folder])
    ]
    assert not hits


def test_judges_are_called_from_one_place() -> None:
    callers = {
        name_of(path)
        for path in below("orchestration", ".py")
        if any(is_within(module, "expectations") for module in imports_of(path))
    }
    assert callers <= {JUDGES_ARE_CALLED_FROM}


def test_the_simulator_is_known_to_seeds_and_tests_only() -> None:
    hits = [
        name_of(path)
        for path in our_files()
        if path.suffix == ".py" and path.relative_to(PROJECT).parts[0] not in {"seeds", "tests"}
        if any(is_within(module, "seeds.simulator") for module in imports_of(path))
    ]
    assert not hits


@pytest.mark.parametrize("path", _packages(), ids=name_of)
def test_packages_say_what_belongs_what_does_not_and_what_they_may_import(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(text_of(path))) or ""
    assert [section for section in SECTIONS if section not in docstring] == []


def test_every_package_of_python_has_a_docstring_file() -> None:
    folders = {path.parent for f in ("orchestration", "expectations") for path in below(f, ".py")}
    assert sorted(name_of(f) for f in folders if not (f / "__init__.py").exists()) == []


def test_no_folder_holds_more_than_one_can_read() -> None:
    counts = Counter(
        path.parent.relative_to(PROJECT)
        for path in our_files()
        if not set(HOLDS_DATA) & set(path.relative_to(PROJECT).parts)
    )
    assert {folder.as_posix(): n for folder, n in counts.items() if n > MAX_FILES} == {}
