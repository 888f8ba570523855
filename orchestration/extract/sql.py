"""Text that is safe inside SQL: every name and value from outside passes through here."""

from collections.abc import Iterable


def name(identifier: str) -> str:
    """Quotes an identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quotes a string literal."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """A bracketed list of string literals."""
    return "[" + ", ".join(text(value) for value in values) + "]"
