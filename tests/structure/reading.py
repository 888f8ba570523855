"""Reads the project as files: what the structure tests share."""

import ast
import csv
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import PROJECT

DBT = PROJECT / "dbt_project"
MODELS = DBT / "models"
REFERENCE = PROJECT / "seeds" / "reference"
# Folders that hold what tools wrote; nothing in them is ours.
WRITTEN_BY_TOOLS = {".git", ".venv", "__pycache__", "target", "logs", "data"}


def name_of(path: Path) -> str:
    """The path as messages show it."""
    return path.relative_to(PROJECT).as_posix()


@cache
def our_files() -> tuple[Path, ...]:
    """Every file that is or would be committed; without git, every file that no tool wrote."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
        found = [PROJECT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = list(PROJECT.rglob("*"))
    ours = (path for path in found if not WRITTEN_BY_TOOLS & set(path.relative_to(PROJECT).parts))
    return tuple(sorted(path for path in ours if path.is_file()))


def below(folder: str, suffix: str) -> list[Path]:
    """Our files of one kind below a folder of the project."""
    root = PROJECT / folder
    return [path for path in our_files() if path.suffix == suffix and path.is_relative_to(root)]


def models() -> list[Path]:
    """The SQL file of every dbt model."""
    return below("dbt_project/models", ".sql")


def sql_files() -> list[Path]:
    """Every SQL file of the dbt project: models, macros and tests."""
    return below("dbt_project", ".sql")


def text_of(path: Path) -> str:
    """The text of a file."""
    return path.read_text(encoding="utf-8")


def without_comments(sql: str) -> str:
    """SQL without its own and Jinja's comments, on one line."""
    sql = re.sub(r"\{#.*?#\}", " ", sql, flags=re.DOTALL)
    return " ".join(re.sub(r"--[^\n]*", " ", sql).split())


def without_statements(sql: str) -> str:
    """SQL without Jinja's own statements, in which `range` is Python's."""
    return re.sub(r"\{%.*?%\}", " ", sql)


def until_closed(sql: str, start: int) -> str:
    """SQL from `start` up to the bracket that closes what was opened before it, or to the end."""
    depth = 0
    for at in range(start, len(sql)):
        depth += {"(": 1, ")": -1}.get(sql[at], 0)
        if depth < 0:
            return sql[start:at]
    return sql[start:]


@cache
def yaml_of(path: Path) -> Any:
    """The content of a YAML file."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text_of(path), Loader=loader) or {}


def yaml_entries(kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every entry of one kind (`models`, `unit_tests`) in dbt's YAML, with the file it stands in."""
    for path in below("dbt_project/models", ".yml"):
        for entry in yaml_of(path).get(kind, []):
            yield path, entry


def unit_tests() -> list[str]:
    """Every unit test of dbt, as `model.name`."""
    return [f"{entry['model']}.{entry['name']}" for _, entry in yaml_entries("unit_tests")]


@cache
def registry(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a reference table."""
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def implemented() -> list[str]:
    """The blind spots that the registry says are measured."""
    return [row["blind_spot_id"] for row in registry("blind_spots") if row["is_implemented"] == "true"]


def imports_of(path: Path) -> set[str]:
    """The full name of every module a Python file imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_within(module: str, package: str) -> bool:
    """Whether a module is a package or lies below it."""
    return module == package or module.startswith(f"{package}.")
