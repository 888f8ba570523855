"""Packages say what they hold, folders stay small enough to read; `make lint` checks what imports what."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.structure.reading import below, imports_of, is_within, name_of, our_files, text_of

MAX_FILES = 20
# Folders of data, not of things to read.
HOLDS_DATA = ("generated", "exports", "fixtures")
JUDGES_ARE_CALLED_FROM = "orchestration/defs/blind_spots.py"
SECTIONS = ("Belongs here:", "Does not belong here:", "May import:")


def _packages() -> list[Path]:
    return [
        path
        for folder in ("orchestration", "expectations", "seeds")
        for path in below(folder, ".py")
        if path.name == "__init__.py"
    ]


def test_judges_are_called_from_one_place() -> None:
    callers = {
        name_of(path)
        for path in below("orchestration", ".py")
        if any(is_within(module, "expectations") for module in imports_of(path))
    }
    assert callers <= {JUDGES_ARE_CALLED_FROM}


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
