"""Trusts the fast reader only where its rows account for every line and delimiter of the files."""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from orchestration.base import sql
from orchestration.landing.export_file import UnreadableFile
from orchestration.landing.read import relations
from orchestration.landing.read.relations import FileRelation
from orchestration.landing.text_files import FileProfile

FileProfiles = Callable[[], dict[str, FileProfile]]
"""Gives the profile of each file, by delivery; it waits until they are there."""


@dataclass(frozen=True)
class Reconciled:
    """The files (by delivery) whose rows do not add up, and whether the line of each record is known."""

    odd: tuple[str, ...] = ()
    is_one_line_each: bool = True


def reconcile(
    connection: duckdb.DuckDBPyConnection,
    relation: FileRelation,
    n_records: dict[str, int],
    inspected: FileProfiles,
) -> Reconciled:
    """Holds the rows of each file against its lines and delimiters.

    Raises:
        UnreadableFile: a file that was read line by line does not add up.
    """
    if not relation.has_lines:
        return Reconciled()
    if relation.record_lines is not None:
        n_parsed = sum(n_records.values())
        if n_parsed != len(relation.record_lines):
            raise UnreadableFile(
                f"{abs(len(relation.record_lines) - n_parsed)} records could not be accounted for"
            )
        return Reconciled()
    # Of each file: records, and how far its lines and delimiters differ from what they take.
    odd: dict[str, tuple[int, int]] = {}
    bad: list[str] = []
    for token, found in inspected().items():
        n_parsed = n_records.get(token, 0)
        n_lines = found.n_lines - relation.n_header_lines - n_parsed
        n_marks = found.n_delimiters - relation.n_header_delimiters - n_parsed * (len(relation.types) - 1)
        if not found.is_clean_text or found.has_long_line:
            bad.append(token)
        elif n_lines or (relation.is_delimited and n_marks):
            odd[token] = (n_lines, n_marks)
    if odd and relation.is_delimited and relation.options.format != "lines":
        inside = _inside(connection, relation)
        bad += [token for token, found in odd.items() if inside.get(token) != found]
    else:
        bad += odd
    return Reconciled(tuple(bad), is_one_line_each=not any(n_lines for n_lines, _ in odd.values()))


def _inside(connection: duckdb.DuckDBPyConnection, relation: FileRelation) -> dict[str, tuple[int, int]]:
    """Line breaks and delimiters inside the values of each file.

    Values may hold both. DuckDB takes a row with too many columns when the last ones are empty, so
    delimiters count as well.
    """
    relation = relation.untyped()
    delimiter = relation.options.delimiter
    breaks, marks = (
        "coalesce(sum({}), 0)".format(
            " + ".join(
                f"coalesce((length({c}) - length(replace({c}, {mark}, ''))) // {length}, 0)"
                for c in map(sql.name, relation.types)
            )
        )
        for mark, length in (("chr(10)", 1), (sql.text(delimiter), len(delimiter)))
    )
    rows = connection.execute(
        f"SELECT {relations.DELIVERY}, {breaks}, {marks} "
        f"FROM {relation.rows(map(sql.name, relation.types))} GROUP BY ALL"
    )
    return {token: (int(n_breaks), int(n_marks)) for token, n_breaks, n_marks in rows.fetchall()}
