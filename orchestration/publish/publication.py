"""Publishes the marts: one DuckDB file, Parquet files and a page, swapped in by one rename."""

import json
import logging
import os
import re
import shutil
from collections.abc import Collection, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import duckdb

from orchestration.base import durable, engine, failures
from orchestration.base.engine import Limits
from orchestration.errors import InterruptedRunError, RunError
from orchestration.report import page

KEPT_PUBLICATIONS = 3
REGISTRY_SCHEMA = "reference"
# BI tools carry older DuckDB clients; they open this format, not the newest one.
STORAGE_VERSION = "v1.0.0"
MARTS_FILE = "marts.duckdb"
ABOUT_FILE = "publication.json"
ABOUT_TABLE = "publication"
# Of the answers that sources give to one blind spot the first of these wins.
STATUSES = ("errored", "blind", "warn", "not_assessed", "ok", "not_applicable")

_BUILDING = ".building-"
_VALID_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NUMBERED = re.compile(r"(\d{6,})-.+")
_WITHOUT_NUMBER = re.compile(r"(\d{8}T\d{6}Z|empty)-[0-9a-f]{10}(-\d+)?")  # as earlier versions named them
_log = logging.getLogger(__name__)


class PublishError(RunError):
    """A publication could not be made; the last one still stands."""


@dataclass(frozen=True)
class Publication:
    """A finished publication.

    Attributes:
        id: name of its folder: a number that is never used again, a dash and the label.
        path: the folder, absolute.
        rows: number of rows per published table.
    """

    id: str
    path: Path
    rows: dict[str, int]


@dataclass(frozen=True)
class About:
    """What readers of a publication should know of it.

    Attributes:
        label: what follows the number in the id: letters, digits, dot, dash, underscore; at most 100 of them.
        built_at: when it was built, UTC.
        as_of_at: the newest moment that the data reach up to, UTC; None without a dated row.
        code_version: version of Faultline and digest of the code that built it.
        inputs: digest of all that it was made of.
    """

    label: str
    built_at: datetime
    as_of_at: datetime | None = None
    code_version: str = ""
    inputs: str = ""


@dataclass(frozen=True)
class _Source:
    """A table or view of the warehouse that is to be published."""

    schema: str
    name: str
    comment: str | None


def publish(
    warehouse: Path,
    home: Path,
    about: About,
    *,
    schema: str = "marts",
    limits: Limits = engine.SMALL,
    only: Collection[tuple[str, str]] | None = None,
    documentation: Path | None = None,
) -> Publication:
    """Publishes the marts of a warehouse file and makes them the current publication.

    Published are all `mart_*` and `dim_*` tables and views of `schema` and everything in the
    schema `reference`, and one row about the publication itself. Rows are sorted by all columns, so equal
    content gives equal files. Everything is on the disk before the link is swapped.
    The caller sees to it that only one process publishes to a home at a time.

    Args:
        warehouse: the DuckDB file the marts were built in; opened read-only.
        home: folder that holds `publications/` and the link `published`.
        about: label and facts of the publication.
        schema: the schema the marts lie in.
        limits: memory and threads; what does not fit spills into the publication's own folder.
        only: schema and name of what may be published; leftovers of earlier versions stay out. None: all.
        documentation: a page about the tables that readers find beside them.

    Raises:
        PublishError: nothing to publish, or any step failed; the last publication is untouched.
    """
    if not _VALID_LABEL.fullmatch(about.label):
        raise PublishError(f"The label {about.label!r} cannot be part of a folder name.")
    if not warehouse.is_file():
        raise PublishError(f"There is no warehouse file at {warehouse}; nothing was published.")
    home = home.resolve()
    publications = home / "publications"
    building = publications / f"{_BUILDING}{about.label}"
    previous = current(home)
    try:
        publications.mkdir(parents=True, exist_ok=True)
        _remove_stale_builds(publications)
        building.mkdir()
        publication_id = f"{_next_number(home):06d}-{about.label}"
        rows = _build(
            warehouse.resolve(),
            building,
            publication_id,
            about=about,
            schema=schema,
            limits=limits,
            only=only,
            documentation=documentation,
        )
        final = _swap_in(building, home, publication_id)
    except PublishError:
        raise
    except Exception as error:
        shown = failures.explained(error, home)
        if isinstance(shown, InterruptedRunError):
            raise shown from error
        raise PublishError(f"Publishing {about.label} failed. {shown}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _prune(home, keep={final, previous})
    return Publication(id=final.name, path=final, rows=rows)


def current(home: Path) -> Path | None:
    """Returns the folder of the current publication, or None where nothing is published."""
    link = home / "published"
    return link.resolve() if link.is_dir() else None


def _build(
    warehouse: Path,
    building: Path,
    publication_id: str,
    *,
    about: About,
    schema: str,
    limits: Limits,
    only: Collection[tuple[str, str]] | None,
    documentation: Path | None,
) -> dict[str, int]:
    """Fills the building folder and returns the verified number of rows per table."""
    parquet = building / "parquet"
    parquet.mkdir()
    spill = building / ".spill"
    marts = building / MARTS_FILE
    limits = replace(limits, scratch=spill)
    with _attached(warehouse, marts, limits) as (connection, origin, target):
        sources = _sources(connection, origin, schema, only)
        rows = {source.name: _copy(connection, source, origin, target, parquet) for source in sources}
        blind_spots = _blind_spots(connection, target) if "mart_blind_spot" in rows else {}
        _add_about(connection, target, publication_id, about, blind_spots)
        rows[ABOUT_TABLE] = _write_parquet(connection, target, ABOUT_TABLE, parquet)
        connection.execute(f"CHECKPOINT {_identifier(target)}")
    _verify(marts, rows)
    if documentation is not None:
        (building / "docs").mkdir()
        shutil.copyfile(documentation, building / "docs" / "index.html")
    report = building / "report"
    report.mkdir()
    page.render(marts, report / "index.html", limits)
    shutil.rmtree(spill, ignore_errors=True)
    _write_about(building, publication_id, about, blind_spots)
    return rows


def _blind_spots(connection: duckdb.DuckDBPyConnection, target: str) -> dict[str, str]:
    """The status of every blind spot over the whole span, the worst of all sources."""
    mart = f"{_identifier(target)}.main.mart_blind_spot"
    found = connection.execute(
        f"SELECT DISTINCT blind_spot_id, status FROM {mart} "
        "WHERE scope_type = 'source' AND window_type = 'span' ORDER BY ALL"
    ).fetchall()
    worst: dict[str, str] = {}
    for blind_spot_id, status in found:
        worst[blind_spot_id] = min(worst.get(blind_spot_id, status), status, key=STATUSES.index)
    return worst


def _add_about(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    publication_id: str,
    about: About,
    blind_spots: dict[str, str],
) -> None:
    """Adds the table with the one row about the publication."""
    columns: dict[str, tuple[str, object, str]] = {
        "publication_id": ("VARCHAR", publication_id, "Name of the publication's folder; never used twice."),
        "built_at": ("TIMESTAMP", about.built_at, "When the publication was built, UTC."),
        "as_of_at": ("TIMESTAMP", about.as_of_at, "Newest moment that the data reach up to, UTC."),
        "code_version": ("VARCHAR", about.code_version, "Version of Faultline and digest of its code."),
    }
    for status in STATUSES:
        n = sum(found == status for found in blind_spots.values())
        meaning = f"Blind spots whose worst status over the sources and the whole span is {status}."
        columns[f"n_blind_spots_{status}"] = ("BIGINT", n, meaning)
    table = f"{_identifier(target)}.main.{_identifier(ABOUT_TABLE)}"
    declared = ", ".join(f"{name} {kind}" for name, (kind, _, _) in columns.items())
    connection.execute(f"CREATE TABLE {table} ({declared})")
    marks = ", ".join("?" for _ in columns)
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", [value for _, value, _ in columns.values()])
    connection.execute(f"COMMENT ON TABLE {table} IS 'One row: what this publication is.'")
    for name, (_, _, comment) in columns.items():
        connection.execute(f"COMMENT ON COLUMN {table}.{name} IS {_literal(comment)}")


def _write_about(building: Path, publication_id: str, about: About, blind_spots: dict[str, str]) -> None:
    """Writes the facts as JSON, with the size of every file: the publication is whole if all of them fit."""
    sizes = {
        path.relative_to(building).as_posix(): path.stat().st_size
        for path in sorted(building.rglob("*"))
        if path.is_file()
    }
    document = {
        "publication_id": publication_id,
        "built_at": f"{about.built_at:%Y-%m-%dT%H:%M:%SZ}",
        "as_of_at": about.as_of_at and f"{about.as_of_at:%Y-%m-%dT%H:%M:%SZ}",
        "code_version": about.code_version,
        "inputs": about.inputs,
        "blind_spots": blind_spots,
        "files": sizes,
    }
    durable.write(building / ABOUT_FILE, json.dumps(document, indent=2) + "\n")


@contextmanager
def _attached(
    warehouse: Path, marts: Path, limits: Limits
) -> Iterator[tuple[duckdb.DuckDBPyConnection, str, str]]:
    """Opens the warehouse for reading beside the new marts file; yields both catalog names."""
    # Views name their own catalog, which is the stem of the warehouse file.
    origin = warehouse.stem
    target = "publication" if origin.lower() != "publication" else "publication_target"
    with engine.connect(limits=limits) as connection:
        connection.execute(f"ATTACH {_literal(str(warehouse))} AS {_identifier(origin)} (READ_ONLY)")
        connection.execute(
            f"ATTACH {_literal(str(marts))} AS {_identifier(target)}"
            f" (STORAGE_VERSION {_literal(STORAGE_VERSION)})"
        )
        yield connection, origin, target


def _sources(
    connection: duckdb.DuckDBPyConnection,
    origin: str,
    schema: str,
    only: Collection[tuple[str, str]] | None = None,
) -> list[_Source]:
    """Lists what is to be published, by name."""
    found = connection.execute(
        """
        select schema_name, relation_name, comment
        from (
            select database_name, schema_name, table_name as relation_name, comment
            from duckdb_tables()
            union all
            select database_name, schema_name, view_name as relation_name, comment
            from duckdb_views() where not internal
        )
        where database_name = $origin
            and (
                schema_name = $registries
                or (
                    schema_name = $schema
                    and (starts_with(relation_name, 'mart_') or starts_with(relation_name, 'dim_'))
                )
            )
        order by relation_name, schema_name
        """,
        {"origin": origin, "registries": REGISTRY_SCHEMA, "schema": schema},
    ).fetchall()
    sources = [_Source(*row) for row in found if only is None or row[:2] in only]
    if not any(source.schema == schema for source in sources):
        raise PublishError(f"The warehouse holds no mart in schema {schema}; nothing to publish.")
    names = [ABOUT_TABLE, *(source.name.lower() for source in sources)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise PublishError(
            f"More than one published table would be called {', '.join(doubled)}; "
            f"rename it in schema {schema} or {REGISTRY_SCHEMA}."
        )
    return sources


def _copy(
    connection: duckdb.DuckDBPyConnection,
    source: _Source,
    origin: str,
    target: str,
    parquet: Path,
) -> int:
    """Copies one relation with its comments; returns the warehouse's number of rows."""
    old = ".".join(map(_identifier, (origin, source.schema, source.name)))
    new = ".".join(map(_identifier, (target, "main", source.name)))
    connection.execute(f"CREATE TABLE {new} AS SELECT * FROM {old} ORDER BY ALL NULLS LAST")
    if source.comment is not None:
        connection.execute(f"COMMENT ON TABLE {new} IS {_literal(source.comment)}")
    for column, comment in _column_comments(connection, origin, source):
        connection.execute(f"COMMENT ON COLUMN {new}.{_identifier(column)} IS {_literal(comment)}")
    written = _write_parquet(connection, target, source.name, parquet)
    expected = _count(connection, f"SELECT count(*) FROM {old}")
    if written != expected:
        raise PublishError(f"{source.name}: Parquet holds {written} rows, the warehouse {expected}.")
    return expected


def _write_parquet(connection: duckdb.DuckDBPyConnection, target: str, table: str, parquet: Path) -> int:
    """Writes a published table as Parquet; returns its number of rows."""
    # Quoted as in a web address: a slash or dot in a name never leaves the folder.
    file = parquet / f"{quote(table, safe='')}.parquet"
    relation = f"{_identifier(target)}.main.{_identifier(table)}"
    return _count(connection, f"COPY {relation} TO {_literal(str(file))} (FORMAT parquet, COMPRESSION zstd)")


def _column_comments(
    connection: duckdb.DuckDBPyConnection, origin: str, source: _Source
) -> list[tuple[str, str]]:
    return connection.execute(
        """
        select column_name, comment
        from duckdb_columns()
        where database_name = ? and schema_name = ? and table_name = ? and comment is not null
        order by column_index
        """,
        [origin, source.schema, source.name],
    ).fetchall()


def _verify(marts: Path, rows: dict[str, int]) -> None:
    """Reopens the file the way readers will and compares the number of rows of each table."""
    log = marts.with_name(f"{marts.name}.wal")
    if log.exists():
        raise PublishError(f"{marts.name} was not checkpointed; readers could miss rows.")
    with engine.connect(marts, read_only=True) as connection:
        for name, expected in rows.items():
            found = _count(connection, f"SELECT count(*) FROM main.{_identifier(name)}")
            if found != expected:
                raise PublishError(f"{name}: published {found} rows, the warehouse holds {expected}.")


def _swap_in(building: Path, home: Path, publication_id: str) -> Path:
    """Moves the finished folder to its place and points the link at it, each of them synced to the disk."""
    final = home / "publications" / publication_id
    durable.put_in_place(building, final)
    link = home / f".published-{os.getpid()}"
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(Path("publications") / final.name, target_is_directory=True)
        durable.put_in_place(link, home / "published")
    except OSError:
        link.unlink(missing_ok=True)
        if current(home) != final:
            shutil.rmtree(final, ignore_errors=True)
        raise
    return final


def _next_number(home: Path) -> int:
    """A number above all that publications ever had, whatever was deleted and whatever the clock says."""
    last = home / "state" / "last_publication"
    names = [folder.name for folder in (home / "publications").iterdir()]
    link = home / "published"
    if link.is_symlink():
        names.append(link.readlink().name)
    try:
        names.append(last.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        _log.debug("no number at %s", last)
    number = max(map(_number, names), default=0) + 1
    durable.write(last, f"{number:06d}-used")
    return number


def _number(name: str) -> int:
    found = _NUMBERED.fullmatch(name)
    return int(found[1]) if found else 0


def _remove_stale_builds(publications: Path) -> None:
    for folder in publications.glob(f"{_BUILDING}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _prune(home: Path, keep: Container[Path | None]) -> None:
    """Deletes all but the newest publications and those to keep; only warns where it cannot."""
    folders = [
        folder
        for folder in (home / "publications").iterdir()
        if _NUMBERED.fullmatch(folder.name) or _WITHOUT_NUMBER.fullmatch(folder.name)
    ]
    newest = sorted(folders, key=lambda folder: (_number(folder.name), folder.name))
    for folder in newest[:-KEPT_PUBLICATIONS]:
        if folder in keep:
            continue
        try:
            shutil.rmtree(folder)
        except OSError as error:
            _log.warning("The old publication %s could not be removed: %s", folder.name, error)


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
