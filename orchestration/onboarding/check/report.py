"""Report of the check: lines and findings on the console, and a table of some mapped rows."""

import re
import textwrap
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.base.text import one_line, shape
from orchestration.base.wording import count
from orchestration.onboarding.columns import NAMELESS
from orchestration.sources import contract
from orchestration.sources.contract import Column
from orchestration.sources.file_settings import FileSet

_SHOWN_COLUMNS = 6
_MAX_CELL = 24
_LABEL = 10
_INDENT = 5
_MANY_KILOBYTES = 100
_NARROWEST = 40


class KeyLines:
    """Lines of the keys of a source file that loaded well."""

    def __init__(self, path: Path) -> None:
        self._root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)

    def of(self, *keys: str) -> int:
        """Line of a key, or of its nearest parent that is written."""
        node, line = self._root, 1
        for wanted in keys:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next(((k, v) for k, v in pairs if k.value == wanted), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line


@dataclass
class Report:
    """Prints as the check goes on, and keeps the findings for the end, where a person looks."""

    console: Console
    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def error(self, where: str, problem: str, remedy: str) -> None:
        """Something that would go wrong in a run; `where` is `file:line` or empty."""
        self._keep(self.errors, where, problem, remedy)

    def warn(self, where: str, problem: str, remedy: str) -> None:
        """Something that a person should know, and may have intended."""
        self._keep(self.warnings, where, problem, remedy)

    def _keep(self, kept: list[tuple[str, str]], where: str, problem: str, remedy: str) -> None:
        entry = (where, f"{problem} {remedy}".strip())
        if entry not in kept:
            kept.append(entry)

    def line(self, text: str = "", indent: int = 0, label: str = "") -> None:
        """A line under its label; what is too long hangs under its beginning."""
        start = " " * indent + (f"{label:<{_LABEL}}" if label else "")
        start += " " if len(label) >= _LABEL and not label.endswith(" ") else ""
        self.console.print(
            Text("\n".join(_wrapped(text, self.console.width, start)) or start), soft_wrap=True
        )

    def title(self, name: str, rest: str) -> None:
        """Starts the section of a source or centre."""
        self.console.print()
        self.console.print(Text.assemble((one_line(name), "bold"), f"  {rest}"), soft_wrap=True)

    def close(self, n_loaded: int, next_command: str) -> bool:
        """Prints the findings and the sum of them."""
        for style, name, kept in (("yellow", "Warning", self.warnings), ("bold red", "Error", self.errors)):
            for where, text in kept:
                self.console.print()
                self.console.print(Text.assemble((name, style), f" {where}" if where else ""), soft_wrap=True)
                self.line(text, indent=2)
        self.console.print()
        kinds = (("error", self.errors), ("warning", self.warnings))
        counted = [count(len(kept), name) for name, kept in kinds if kept]
        n = count(n_loaded, "source")
        if self.errors:
            self.console.print(Text.assemble((", ".join(counted), "bold red"), ". Nothing was landed."))
        else:
            rest = f", with {counted[0]}" if counted else ""
            fit = f"{n} fit{'s' if n_loaded == 1 else ''}"
            step = f"{rest}. Next: {next_command}"
            self.console.print(Text.assemble((fit, "bold green"), step), soft_wrap=True)
        return not self.errors


def path_from_here(path: Path) -> str:
    """A path as a person would type it from here."""
    resolved, here = path.resolve(), Path.cwd()
    return one_line(str(resolved.relative_to(here) if resolved.is_relative_to(here) else path), 200)


def size_in_words(n_bytes: int) -> str:
    """A size in kB or MB."""
    kilobytes = n_bytes / 1000
    return f"{kilobytes:,.1f} kB" if kilobytes < _MANY_KILOBYTES else f"{kilobytes / 1000:,.1f} MB"


def show_rows(
    console: Console,
    rows: list[dict[str, object]],
    filled: Counter[str],
    entity: contract.Table,
    options: FileSet,
) -> None:
    """Prints some mapped rows: the key and required fields first, then those filled most often."""
    if not rows:
        return
    if options.header and all(name.startswith(NAMELESS) for name in options.header):
        rows = [_shapes(row, entity) for row in rows]  # what no name describes may be of anybody
    first = [name for name in rows[0] if name in entity.key or entity.columns[name].is_required]
    others = sorted((n for n in rows[0] if n not in first), key=lambda n: -filled[n])
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("", width=_INDENT)
    room = max(console.width, _NARROWEST) - _INDENT - 2
    shown: list[str] = []
    for name in [*first, *others][:_SHOWN_COLUMNS]:
        width = max(len(name), *(len(_cell(row[name], entity.columns[name])) for row in rows)) + 2
        if shown and width > room:
            break
        room -= width
        shown.append(name)
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row("", *(Text(_cell(row[name], entity.columns[name])) for name in shown))
    console.print(table)


def _wrapped(text: str, width: int, start: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, _NARROWEST),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _shapes(row: dict[str, object], entity: contract.Table) -> dict[str, object]:
    """A row with shapes in place of its texts, but for our own words."""

    def shown(column: Column, value: object) -> object:
        is_open = column.is_hashed or value in column.words or not isinstance(value, str)
        return value if is_open else shape(str(value))

    return {name: shown(entity.columns[name], value) for name, value in row.items()}


def _cell(value: object, column: Column) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return _cell(value[0], column) + (f" +{len(value) - 1}" if len(value) > 1 else "") if value else "-"
    if column.is_hashed:
        return f"{str(value)[:8]}…"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value), _MAX_CELL)


def reason_of(error: Exception) -> str:
    """First line of a message; text in quotes may be a value and is masked."""
    first = one_line((str(error) or error.__class__.__name__).splitlines()[0], 160)
    if isinstance(error, duckdb.BinderException | duckdb.ParserException | duckdb.CatalogException):
        return first
    return re.sub(r"'[^']*'", lambda found: re.sub(r"\w", "x", found[0]), first)
