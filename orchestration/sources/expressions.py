"""Expressions of a source file: whether one can fill a field, and which places of a record it reads.

The engine parses every expression; nothing here reads an export.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from orchestration.base import engine, sql
from orchestration.sources import contract, shapes
from orchestration.sources.source_errors import SourceError

FILE_COLUMN = "_source_file"
"""What an expression calls the name of the file that a row is from."""
_CONSTANTS = ("true", "false")
_CLOCK_AND_CHANCE = ("VOLATILE", "CONSISTENT_WITHIN_QUERY")
_FORBIDDEN_NODES = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "a star",
    "PARAMETER": "a parameter",
}
_SAFE_NODES = ("COLUMN_REF", "CASE", "CONJUNCTION", "COMPARISON")
_SAFE_OPERATORS = (
    "OPERATOR_COALESCE",
    "OPERATOR_IS_NULL",
    "OPERATOR_IS_NOT_NULL",
    "OPERATOR_NOT",
    "STRUCT_EXTRACT",
)
_TAKE_NUMBERS = ("split_part", "left", "right")
_SAFE_FUNCTIONS = (*_TAKE_NUMBERS, "upper", "lower", "trim", "replace", "nullif", "||", "contains")


def column_or_expression(written: str, *, is_constant: bool) -> str:
    """What fills a field, with quotes around a column that is called like an SQL word, such as `end`.

    `null` is a constant, and so are `true` and `false` where the field is yes or no.
    """
    word = written.strip()
    constants = ("null", *_CONSTANTS) if is_constant else ("null",)
    if not re.fullmatch(r"[^\W\d]\w*", word) or word.lower() in constants:
        return written
    parsed = _parsed(word)
    selected = [] if parsed.get("error") else parsed["statements"][0]["node"].get("select_list", [])
    is_column = len(selected) == 1 and selected[0].get("column_names") == [word]
    return written if is_column else sql.name(word)


def lists_of(file: Path, line: int, table: contract.Table) -> dict[str, shapes.Path]:
    """The place of each list that a table's rows are taken from, by the name of its items."""
    lists: dict[str, shapes.Path] = {}
    for alias, expression in table.rows.items():
        (lists[alias],) = places_read(file, line, f"rows.{alias}", expression, lists)
    return lists


def places_read(
    file: Path, line: int, name: str, expression: str, lists: Mapping[str, shapes.Path]
) -> tuple[shapes.Path, ...]:
    """Places of a record that an expression reads; refuses what is not one scalar expression."""
    found: list[shapes.Path] = []

    def walk(node: Any, bound: Mapping[str, shapes.Path | None] = MappingProxyType({})) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item, bound)
        if not isinstance(node, dict):
            return
        kind, function = node.get("class", ""), str(node.get("function_name", "")).lower()
        if problem := _unfit(kind, function):
            raise SourceError(file, line, f"{name}: {problem}.", "Use columns of this row only.")
        if function.startswith(("list_", "array_")) or function in ("filter", "apply", "reduce"):
            bound = {**bound, **_lambda_parameters(node, bound)}
        if kind == "COLUMN_REF":
            path = _bound(tuple(node["column_names"]), bound)
            place = path and _resolved(path, lists)
            found.extend([place] if place else [])
        for value in node.values():
            walk(value, bound)

    parsed = _parsed(expression)
    if parsed.get("error"):
        reason = str(parsed.get("error_message", "")).splitlines()[0]
        raise SourceError(
            file,
            line,
            f"{name}: cannot read the expression {expression!r} ({reason}).",
            "A column with blanks, or one that is called like an SQL word, is written '\"like this\"'.",
        )
    statements = parsed["statements"]
    selected = statements[0]["node"].get("select_list", []) if len(statements) == 1 else []
    is_row = len(selected) == 1 and selected[0].get("function_name") == "row"
    if len(selected) != 1 or is_row or statements[0]["node"].get("from_table", {}).get("type") != "EMPTY":
        raise SourceError(file, line, f"{name}: {expression!r} is not one expression.", "Use one expression.")
    walk(selected)
    return tuple(dict.fromkeys(found))


@cache
def cannot_fail(expression: str) -> bool:
    """Whether an expression over text is made of nothing that could fail on a value."""
    return _is_safe(_parsed(expression)["statements"][0]["node"]["select_list"])


@cache
def is_choice(expression: str) -> bool:
    """Whether an expression takes the first of several columns that is filled."""
    node = _parsed(expression)["statements"][0]["node"]["select_list"][0]
    columns = node.get("children", []) if node["type"] == "OPERATOR_COALESCE" else []
    return bool(columns) and all(column["class"] == "COLUMN_REF" for column in columns)


def _resolved(path: shapes.Path, lists: Mapping[str, shapes.Path]) -> shapes.Path | None:
    """Where in the record a path leads that may start at an item of a list; None for no place at all."""
    head, *rest = path
    if head == FILE_COLUMN or (head.removesuffix("_no") in lists and head not in lists):
        return None
    return (*lists[head], shapes.ITEM, *rest) if head in lists else path


def _unfit(kind: str, function: str) -> str:
    """Why a piece of an expression cannot fill a field; empty if it can."""
    if kind == "FUNCTION" and function in _unfit_functions():
        return f"{function} {_unfit_functions()[function]}"
    return f"{_FORBIDDEN_NODES[kind]} cannot fill a field" if kind in _FORBIDDEN_NODES else ""


@cache
def _parsed(expression: str) -> Mapping[str, Any]:
    """The engine's own reading of an expression; each is parsed once, for files repeat a few expressions."""
    query = "SELECT json_serialize_sql(?::VARCHAR)"
    with parser() as connection:
        found = connection.execute(query, [f"SELECT ({expression}\n)"]).fetchall()[0][0]
    return dict(json.loads(found))


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return engine.connect()


def parser() -> duckdb.DuckDBPyConnection:
    """A connection for one query: batches side by side may ask at the same time."""
    return _database().cursor()


def _is_safe(tree: Any, *, takes_numbers: bool = False) -> bool:
    if isinstance(tree, list):
        return all(_is_safe(item, takes_numbers=takes_numbers) for item in tree)
    if not isinstance(tree, dict):
        return True
    kind, function = tree.get("class"), tree.get("function_name", "")
    if kind == "CONSTANT":  # next to a number, text would be turned into one
        return takes_numbers or tree["literal"]["kind"] in ("STRING", "NULL", "BOOLEAN")
    is_safe = (
        kind in (None, *_SAFE_NODES)
        or (kind == "OPERATOR" and tree["type"] in _SAFE_OPERATORS)
        or (kind == "FUNCTION" and function in _SAFE_FUNCTIONS)
    )
    within = function in _TAKE_NUMBERS if kind else takes_numbers
    return is_safe and all(_is_safe(value, takes_numbers=within) for value in tree.values())


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of an expression."""
    for item in tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ():
        yield from _nodes(item)
    if isinstance(tree, dict) and "class" in tree:
        yield tree


@cache
def _unfit_functions() -> dict[str, str]:
    """Functions that no field can be filled with, and why: one row in, one value out, always the same."""
    found = parser().execute(
        "SELECT function_name, bool_or(function_type = 'scalar'), bool_or(stability IN ?) "
        "FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'table') GROUP BY ALL",
        [list(_CLOCK_AND_CHANCE)],
    )
    return {
        name: "would give another value in the next run"
        if is_scalar
        else "does not give one value for each row"
        for name, is_scalar, changes in found.fetchall()
        if changes or not is_scalar
    }


def _bound(path: shapes.Path, bound: Mapping[str, shapes.Path | None]) -> shapes.Path | None:
    """The path with a lambda's parameter resolved to its items, where they are known."""
    if path[0] not in bound:
        return path
    items = bound[path[0]]
    return items and (*items, *path[1:])


def _lambda_parameters(
    function: dict[str, Any], bound: Mapping[str, shapes.Path | None]
) -> dict[str, shapes.Path | None]:
    """What a function's lambda binds: the items of the list it goes over, where that is a plain place.

    JSON's `column->'$.key'` looks the same as a lambda but for its constant.
    """
    arguments = [argument["expression"] for argument in function["arguments"]]
    lambdas = [a for a in arguments if a["class"] == "LAMBDA" and a["expr"]["class"] != "CONSTANT"]
    heads = [head for a in lambdas for head in a["lhs"].get("arguments", [{"expression": a["lhs"]}])]
    names = [h["expression"]["column_names"][0] for h in heads]
    parameters: dict[str, shapes.Path | None] = dict.fromkeys(names)
    over = arguments[0] if arguments else {}
    if names and over.get("class") == "COLUMN_REF":
        path = _bound(tuple(over["column_names"]), bound)
        # Only where a field of the item is asked for is it an object; a list of texts stays one value.
        if path and any(len(p) > 1 and p[0] == names[0] for one in lambdas for p in _paths(one["expr"])):
            parameters[names[0]] = (*path, shapes.ITEM)
    return parameters


def _paths(tree: Any) -> list[shapes.Path]:
    """Every column reference below a node."""
    return [tuple(node["column_names"]) for node in _nodes(tree) if node["class"] == "COLUMN_REF"]
