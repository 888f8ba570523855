"""What all exports share: who a vendor is, and how its files are delivered day by day."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

WITH_HEADER = "FORMAT csv, HEADER"
LINES = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER E'\\x1F'"
"""Options for a select of one text column: its lines are written as they are."""


@dataclass
class Delivery:
    """A folder that exports are delivered into, and the event tables (`events.TABLES`) they are written from.

    `instance` names the centre; `last_day` is the day of the last delivery; at scale (`is_bulk`) exports of
    one file per contact are left out. `files` counts what was written: rows by path pattern.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    instance: str
    last_day: date
    is_bulk: bool = False
    files: dict[str, int] = field(default_factory=dict)

    def daily(self, pattern: str, select: str, options: str = WITH_HEADER) -> None:
        """Writes one file per value of the column `_day` (DATE), which is not written itself.

        The pattern is a path below the folder with strftime codes, e.g. `crm/%Y-%m-%d/cases.csv`; the options
        are those of DuckDB's COPY (`FORMAT json` writes one object a line). Rows keep the select's order.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        suffix = pattern.rsplit(".", 1)[-1]
        self.connection.execute("SET threads = 1")  # two threads would cut a day in two
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            n_rows = self.connection.execute(
                f"COPY ({select}) TO '{scratch}' ({options}, PARTITION_BY (_day), OVERWRITE_OR_IGNORE, "
                f"FILENAME_PATTERN 'part_{{i}}', FILE_EXTENSION '{suffix}')"
            ).fetchall()[0][0]
            for part in sorted(Path(scratch).glob("_day=*")):
                day = date.fromisoformat(part.name.removeprefix("_day="))
                target = self.folder / day.strftime(pattern)
                target.parent.mkdir(parents=True, exist_ok=True)
                pieces = sorted(part.iterdir())
                if len(pieces) != 1:
                    raise RuntimeError(f"{pattern}: {len(pieces)} files were written for {day}, not one.")
                shutil.move(pieces[0], target)
        self.connection.execute("RESET threads")
        self._note(pattern, n_rows)

    def whole(self, path: str, select: str, options: str = WITH_HEADER) -> None:
        """Writes one file at a path below the folder (strftime codes stand for the last day)."""
        target = self.folder / self.last_day.strftime(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        n_rows = self.connection.execute(f"COPY ({select}) TO '{target}' ({options})").fetchall()[0][0]
        self._note(path, n_rows)

    def tables(self, folder: str, daily: dict[str, str], whole: dict[str, str], options: str) -> None:
        """Writes an export of tables, by name and select: some by day, the others at the end."""
        for name, select in daily.items():
            due = f"SELECT * FROM ({select}) WHERE _day <= DATE '{self.last_day}'"
            self.daily(f"{folder}/%Y-%m-%d/{name}.csv", due, options)
        for name, select in whole.items():
            self.whole(f"{folder}/{name}.csv", select, options)

    def texts(self, pattern: str, select: str) -> None:
        """Writes many small files: each row of the select is a path below the folder and a file's text."""
        result = self.connection.execute(select)
        n_files = 0
        folders: set[Path] = set()
        while rows := result.fetchmany(5_000):
            for path, content in rows:
                target = self.folder / path
                if target.parent not in folders:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    folders.add(target.parent)
                target.write_text(content, encoding="utf-8")
            n_files += len(rows)
        self._note(pattern, n_files)

    def has(self, folder: str, table: str) -> bool:
        """Whether a file of this table was written below a folder."""
        return any(
            pattern.startswith(folder) and Path(pattern).stem == table and n_rows
            for pattern, n_rows in self.files.items()
        )

    def _note(self, pattern: str, n_rows: int) -> None:
        self.files[pattern] = self.files.get(pattern, 0) + n_rows


@dataclass(frozen=True)
class Ids:
    """How a system writes its own ids, from the numbers that the centre counts with."""

    contact: Callable[[int, int], str]  # key of the contact, start in epoch seconds
    case: Callable[[int], str]  # key of the case
    agent: Callable[[int], str]  # index of the agent


@dataclass(frozen=True)
class Vendor:
    """A system that exports: which event tables it covers, how it writes ids, and how it writes files.

    `export` writes the files of the covered tables into a delivery; `files` are the globs that find them
    again, by file set. What a vendor does not cover comes as plain feeds; so does, at scale, what it writes
    in one file per contact. Contacts and legs of other than its `channels` (empty: all are its own) come as
    plain feeds, too. Where other systems name a CRM's case or user, `id_as_landed` brings the id to
    the form that the CRM's own connector lands; `case_ids` says where this system names cases, by file set
    and table. `choices` are further expressions that the centre's source file has of its own, by file set,
    table and column. File sets in `rare` stand in the source file only if the centre has rows of them.
    """

    name: str
    title: str
    covers: frozenset[str]
    ids: Ids
    export: Callable[[Delivery], None]
    files: dict[str, str]
    per_contact: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    id_as_landed: str = "{}"
    case_ids: dict[str, dict[str, str]] = field(default_factory=dict)
    choices: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    rare: frozenset[str] = frozenset()

    def source(self, delivery: Delivery, crm: "Vendor") -> str:
        """The text of the source file that reads the export again, next to that of a CRM."""
        dated = "    delivered_at_pattern: '(\\d{4}-\\d{2}-\\d{2})'\n"
        sets = "".join(
            f"  {name}:\n    glob: {glob}\n" + (dated if "/*/" in glob else "") + self._feeds(name, crm)
            for name, glob in self.files.items()
            if name not in self.rare or delivery.has(f"{self.name}/", name)
        )
        return (
            f"# Exports of {self.title}, simulated.\nsource: {delivery.instance}_{self.name}\n"
            f"centre: {delivery.instance}\nconnector: {self.name}\ntime_zone: UTC\nphone_region: DE\n"
            f"files:\n{sets}"
        )

    def _feeds(self, file_set: str, crm: "Vendor") -> str:
        """What the source file says otherwise than the connector, of the tables of one file set."""
        own = {table: dict(columns) for table, columns in self.choices.get(file_set, {}).items()}
        if crm.id_as_landed != Vendor.id_as_landed:
            for table, expression in self.case_ids.get(file_set, {}).items():
                own.setdefault(table, {})["case_id"] = crm.id_as_landed.format(expression)
        lines = [
            line
            for table, columns in own.items()
            for line in (
                f"      {table}:",
                *(f"        {name}: {expression}" for name, expression in columns.items()),
            )
        ]
        return "\n".join(["    feeds:", *lines, ""]) if lines else ""
