"""Text that is safe inside SQL: every name and value from outside passes through here."""

import re
from collections.abc import Iterable
from pathlib import Path


def name(identifier: str) -> str:
    """Quotes an identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quotes a string literal."""
    return "'" + value.replace("'", "''") + "'"


def constant(value: str) -> str:
    """A string that is the same in every row, as a type that is written without a look at each of them."""
    return f"CAST({text(value)} AS ENUM({text(value)}))"


def texts(values: Iterable[str]) -> str:
    """A bracketed list of string literals."""
    return "[" + ", ".join(text(value) for value in values) + "]"


def path(file: Path) -> str:
    """Quotes the path of one file to read; DuckDB would take `export[1].csv` for a pattern."""
    return text(re.sub(r"([*?[])", r"[\1]", str(file)))


def paths(files: Iterable[Path]) -> str:
    """A bracketed list of files to read."""
    return "[" + ", ".join(path(file) for file in files) + "]"


def folded(identifier: str) -> str:
    """The form in which two identifiers are the same to DuckDB, which folds ASCII letters only."""
    return identifier.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def is_one_of(value: str, words: Iterable[str]) -> str:
    """SQL of `value IN (words)`, false for NULL; there is at least one word.

    The engine turns IN and list_contains into a join, which tests all rows even within a CASE, and loses
    their order.
    """
    return f"CASE {value} {' '.join(f'WHEN {text(word)} THEN true' for word in words)} ELSE false END"
