"""The top of a delimited file: the line that names its delimiter, and the names of its columns."""

import codecs
import re
from collections.abc import Sequence
from pathlib import Path

from orchestration.base import sql
from orchestration.landing import text_files
from orchestration.sources.file_settings import FileSet

_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n])"?[^\S\n]*(\n|$)', re.IGNORECASE)
_LONGEST_SEPARATOR_LINE = 32
_AROUND_NAMES = " \t\r\n\v\f\u00a0\u200b\ufeff"
"""What may stand around the name of a column and is no part of it."""


def separator_of(path: Path) -> str:
    """The delimiter that a first line such as `sep=;` names, which Excel writes; empty without one."""
    with path.open("rb") as file:
        return separator_named(file.readline(_LONGEST_SEPARATOR_LINE).decode("utf-8-sig", errors="replace"))


def separator_named(text: str) -> str:
    """The same of a text."""
    found = _SEPARATOR_LINE.match(text[:_LONGEST_SEPARATOR_LINE])
    return found[1] if found else ""


def top_of(path: Path, options: FileSet) -> bytes:
    """Every line of a delimited file above its records: what files that are read together have in common.

    Without a line of names, they share the mark of the encoding and the end of their lines.
    """
    n_lines = options.n_top_lines + bool(options.format != "lines" and separator_of(path))
    with path.open("rb") as file:
        lines = [file.readline(text_files.MAX_LINE_BYTES) for _ in range(n_lines + 1)]
    top = b"".join(lines[:-1])
    if options.has_header_line:
        return top
    first = lines[0]
    return top + repr((first.startswith(codecs.BOM_UTF8), first[len(first.rstrip(b"\r\n")) :])).encode()


def joined_names(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name for each column out of several header rows: `Call` above `Start` is `Call Start`.

    A cell of an upper row spans the empty ones to its right, as far as the row below has names.
    """
    *upper, lowest = ([cell.strip(_AROUND_NAMES) for cell in row] for row in rows)
    if not upper:
        return list(rows[0])
    width = max(len(lowest), *map(len, upper))
    parts: list[list[str]] = [[] for _ in range(width)]
    for row in upper:
        spanning = ""
        for i in range(width):
            cell = row[i] if i < len(row) else ""
            spanning = cell or spanning
            below = lowest[i] if i < len(lowest) else ""
            if (cell or below) and spanning not in parts[i]:
                parts[i].append(spanning)
    for i, cell in enumerate(lowest):
        if cell and cell not in parts[i]:
            parts[i].append(cell)
    return [" ".join(filter(None, part)) for part in parts]


def distinct_names(written: Sequence[str]) -> tuple[list[str], dict[str, tuple[str, ...]]]:
    """A name of its own for each column, without blanks around it; and the further ones of the same name."""
    names: dict[str, str] = {}
    same_name: dict[str, tuple[str, ...]] = {}
    for i, one in enumerate(written):
        called = one.strip(_AROUND_NAMES)
        name = called or f"column{i}"
        while sql.folded(name) in names:
            name += "_"
        if called and sql.folded(name) != sql.folded(called):
            same_name[sql.folded(called)] = (*same_name.get(sql.folded(called), ()), name)
        names[sql.folded(name)] = name
    return list(names.values()), same_name
