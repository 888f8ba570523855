"""Every knob is listed with its default, and only one module reads the environment."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.settings import PROJECT_ROOT, Settings
from tests.conftest import PROJECT
from tests.structure.reading import below, name_of, text_of

EXAMPLE = PROJECT / ".env.example"
PREFIX = Settings.model_config["env_prefix"]
READER = PROJECT / "orchestration" / "settings.py"


def _listed() -> dict[str, str]:
    return dict(re.findall(rf"^{PREFIX}(\w+)=(.*)$", text_of(EXAMPLE), re.MULTILINE))


def _plain(default: object) -> str:
    """A default as one writes it into a file of settings."""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, Path) and default.is_relative_to(PROJECT_ROOT):
        return default.relative_to(PROJECT_ROOT).as_posix()
    return str(default)


def reads_of_the_environment(code: str) -> Iterator[int]:
    """Lines that read the environment; setting a default for others reads nothing."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        if isinstance(node, ast.alias):
            name = node.name
        if name not in {"environ", "environb", "getenv", "getenvb"}:
            continue
        method = getattr(node, "parent", None)
        is_statement = isinstance(getattr(getattr(method, "parent", None), "parent", None), ast.Expr)
        if not (isinstance(method, ast.Attribute) and method.attr == "setdefault" and is_statement):
            yield getattr(node, "lineno", 0)


def test_every_setting_is_listed_and_every_listed_one_exists() -> None:
    assert sorted(_listed()) == sorted(name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_listed_values_are_the_defaults(name: str) -> None:
    default = Settings.model_fields[name].default
    shown, expected = _listed()[name.upper()], _plain(default)
    is_number = isinstance(default, int | float)
    assert float(shown) == default if is_number else shown == expected


def test_every_listed_setting_is_explained() -> None:
    lines = text_of(EXAMPLE).splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if line.startswith(PREFIX) and not before.startswith("# ")
    ]
    assert not bare


def test_only_the_settings_read_the_environment() -> None:
    paths = [*below("orchestration", ".py"), *below("expectations", ".py"), *below("seeds", ".py")]
    hits = [
        f"{name_of(path)}:{line}"
        for path in paths
        if path != READER
        for line in reads_of_the_environment(text_of(path))
    ]
    assert not hits


def test_dbt_reads_only_variables_that_the_settings_set() -> None:
    from orchestration import settings

    given = set(settings.for_subprocesses(Settings()))
    files = [*below("dbt_project", ".yml"), *below("dbt_project", ".sql")]
    read = {v for path in files for v in re.findall(r"env_var\(\s*['\"](\w+)['\"]", text_of(path))}
    assert read <= given


@pytest.mark.parametrize(
    ("code", "is_reading"),
    [
        ("import os\nhome = os.environ['HOME']", True),
        ("import os\nx = os.environ | {}", True),
        ("import os\nx = os.getenv('X')", True),
        ("from os import environ", True),
        ("import os\nx = os.environ.setdefault('X', '1')", True),
        ("import os\nos.environ.setdefault('X', '1')", False),
        ("import os\nos.cpu_count()", False),
    ],
)
def test_reads_are_recognised(code: str, is_reading: bool) -> None:
    assert bool(list(reads_of_the_environment(code))) == is_reading
