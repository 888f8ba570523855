"""Names use the field's words: identifiers of Python and CTEs of SQL avoid words that say nothing of their own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.structure.reading import below, name_of, sql_files, text_of, without_comments

AVOIDED = {
    *("told", "tell", "tells", "telling", "untold", "heard", "borne", "somehow", "hopeless", "alike"),
    *("lack", "lacks", "lacking", "stands", "meant", "twin", "twins", "blame", "blames", "blamed"),
}
"""Words of docs/style.md that no name may hold: each leaves open what the thing is or does."""
_CTE = re.compile(r"(?:\bwith(?: recursive)?|,|\)) (\w+) as \(", re.IGNORECASE)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def parts(name: str) -> set[str]:
    """The words of a name in snake or camel case, in lower case."""
    return {part.lower() for part in _PART.findall(name)}


def identifiers(tree: ast.AST) -> Iterator[str]:
    """Every name that a module defines, takes or asks for."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.keyword(arg=str(name)) | ast.alias(asname=str(name)):
                yield name


def ctes(sql: str) -> set[str]:
    """The names of the common table expressions of a statement."""
    return set(_CTE.findall(without_comments(sql)))


def _avoided(path: Path, names: Iterator[str] | set[str]) -> set[str]:
    return {f"{name_of(path)}: {name}" for name in names if parts(name) & AVOIDED}


def test_names_of_python_say_what_a_thing_is() -> None:
    """A name such as `told` sends every reader to its definition, and to the next one from there."""
    folders = ("orchestration", "expectations", "seeds", "tests")
    found: set[str] = set()
    for path in (path for folder in folders for path in below(folder, ".py")):
        found |= _avoided(path, identifiers(ast.parse(text_of(path))))
    assert sorted(found) == []


def test_ctes_are_called_after_their_rows() -> None:
    """The name of a CTE is all that the rest of a model says about its rows."""
    found: set[str] = set()
    for path in sql_files():
        found |= _avoided(path, ctes(text_of(path)))
    assert sorted(found) == []


def test_words_are_found_in_names_of_either_case_and_not_inside_longer_words() -> None:
    """A list that matched letters would refuse `intellect`, and one of whole names would miss `_MostTold`."""
    assert parts("_MostTold") & AVOIDED == {"told"}
    assert parts("test_a_row_is_told") & AVOIDED == {"told"}
    assert parts("TELLING_WORDS") & AVOIDED == {"telling"}
    assert parts("intellect_understands_black") & AVOIDED == set()


def test_ctes_are_read_from_the_first_the_next_and_recursive_ones() -> None:
    """A pattern that misses a form of CTE would let its names pass."""
    sql = "with recursive told as (select 1),\n-- why\nrows_of_it as (\n select 2), more (x) as (select 3) select 1"
    assert ctes(sql) == {"told", "rows_of_it"}
