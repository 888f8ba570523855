"""Models say what one row is, are described where they stand, and are named after their folder."""

import re
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.structure.reading import MODELS, below, models, name_of, text_of, yaml_entries

FINDINGS = {"coverage": "cov", "metrics": "met"}
PLURAL_ENTITY = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"


def _head(path: Path) -> str:
    """The comment that a model begins with."""
    lines = []
    for line in text_of(path).splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def _expected_name(path: Path) -> str:
    """What a model may be called in its folder, as a pattern."""
    layer, *concept = path.relative_to(MODELS).parts[:-1]
    if layer == "findings":
        return f"{FINDINGS[concept[0]]}_{PLURAL_ENTITY}"
    if layer == "reference":
        return PLURAL_ENTITY
    if layer == "marts":
        return f"(dim|fct|mart)_{PLURAL_ENTITY}"
    prefix = {"staging": "stg", "intermediate": "int"}[layer]
    return f"{prefix}_{re.escape(concept[0])}__{PLURAL_ENTITY}"


@pytest.mark.parametrize("path", models(), ids=lambda path: path.stem)
def test_first_line_says_what_one_row_is(path: Path) -> None:
    first = text_of(path).splitlines()[0]
    assert re.match(r"-- One row per \S", first), f"{name_of(path)} begins with: {first}"


@pytest.mark.parametrize("path", models(), ids=lambda path: path.stem)
def test_name_follows_the_folder(path: Path) -> None:
    assert re.fullmatch(_expected_name(path), path.stem), (
        f"{name_of(path)} should match {_expected_name(path)}"
    )


def test_every_model_is_described_in_its_own_folder_and_nothing_else_is() -> None:
    described = sorted((file.parent, entry["name"]) for file, entry in yaml_entries("models"))
    existing = sorted((path.parent, path.stem) for path in models())
    assert described == existing


def test_descriptions_begin_with_the_grain_that_the_model_states() -> None:
    by_name = {path.stem: path for path in models()}
    differing = {}
    for _, entry in yaml_entries("models"):
        stated = re.split(r"(?<=\.)\s", _head(by_name[entry["name"]]))[0]
        if not " ".join(entry["description"].split()).startswith(stated):
            differing[entry["name"]] = (stated, entry["description"])
    assert not differing


def test_published_columns_are_typed_and_described() -> None:
    bare = [
        f"{entry['name']}.{column['name']}"
        for file, entry in yaml_entries("models")
        if file.is_relative_to(MODELS / "marts")
        for column in entry.get("columns") or [{"name": "(no columns)"}]
        if not (column.get("description") and column.get("data_type"))
    ]
    assert not bare


def test_the_readme_lists_every_published_table() -> None:
    listed = re.search(
        r"^\| mart \| one row per \|$.*?^$", text_of(PROJECT / "README.md"), re.MULTILINE | re.DOTALL
    )
    assert listed
    named = re.findall(r"`(\w+)`", " ".join(line.split("|")[1] for line in listed[0].strip().splitlines()))
    marts = {path.stem for path in models() if path.stem.startswith(("mart_", "dim_"))}
    registries = {path.stem for path in below("seeds/reference", ".csv")}
    registries |= {path.stem for path in models() if path.is_relative_to(MODELS / "reference")}
    assert sorted(named) == sorted({"publication"} | marts | registries)


def test_singular_tests_say_what_their_rows_mean() -> None:
    folder = MODELS.parent / "tests"
    silent = [
        name_of(path)
        for path in folder.rglob("*.sql")
        if path.parent.name != "generic" and not text_of(path).startswith("-- Returns rows (failure) for ")
    ]
    assert not silent
