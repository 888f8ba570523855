"""DuckDB is opened in one place, so that limits, time zone and spill folder hold everywhere."""

import ast
from collections.abc import Iterator

import pytest

from tests.conftest import PROJECT
from tests.structure.reading import below, name_of, text_of

OPENER = PROJECT / "orchestration" / "base" / "engine.py"


def connects(code: str) -> Iterator[int]:
    """Lines that open DuckDB, or take its `connect` or its shared default connection to do so elsewhere."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "duckdb":
            if node.attr in {"connect", "sql", "query", "execute", "default_connection"}:
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "duckdb":
            yield from (
                node.lineno for name in node.names if name.name in {"connect", "sql", "query", "execute"}
            )


def test_only_the_engine_opens_duckdb() -> None:
    """Without it, a step could leave the limits that its user set."""
    paths = [*below("orchestration", ".py"), *below("expectations", ".py")]
    hits = [f"{name_of(p)}:{line}" for p in paths if p != OPENER for line in connects(text_of(p))]
    assert not hits
    assert list(connects(text_of(OPENER)))


@pytest.mark.parametrize(
    "code",
    [
        "import duckdb\nduckdb.connect()",
        "from duckdb import connect",
        "import duckdb\nduckdb.sql('SELECT 1')",
    ],
)
def test_every_way_to_open_duckdb_is_recognised(code: str) -> None:
    assert list(connects(code))


def test_types_and_errors_of_duckdb_are_no_connection() -> None:
    assert not list(connects("import duckdb\ndef f(c: duckdb.DuckDBPyConnection): raise duckdb.Error"))
