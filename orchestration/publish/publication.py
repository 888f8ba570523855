"""Publishes the marts: one DuckDB file, Parquet files and a page, swapped in by one rename."""

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import duckdb

from orchestration import failures
from orchestration.base import engine
from orchestration.base.engine import Limits
from orchestration.errors import RunError
from orchestration.report import page

KEPT_PUBLICATIONS = 3
REGISTRY_SCHEMA = "reference"
# BI tools carry older DuckDB clients; they open this format, not the newest one.
STORAGE_VERSION = "v1.0.0"
MARTS_FILE = "marts.duckdb"

_BUILDING = ".building-"
_VALID_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_log = logging.getLogger(__name__)


class PublishError(RunError):
    """A publication could not be made; the last one still stands."""


@dataclass(frozen=True)
class Publication:
    """A finished publication.

    Attributes:
        id: name of its folder; a suffix `-2`, `-3`, ... is added where the id was taken.
        path: the folder, absolute.
        rows: number of rows per published table.
    """

    id: str
    path: Path
    rows: dict[str, int]


@dataclass(frozen=True)
class _Source:
    """A table or view of the warehouse that is to be published."""

    schema: str
    name: str
    comment: str | None


def publish(
    warehouse: Path,
    home: Path,
    publication_id: str,
    *,
    schema: str = "marts",
    limits: Limits = engine.SMALL,
) -> Publication:
    """Publishes the marts of a warehouse file and makes them the current publication.

    Published are all `mart_*` and `dim_*` tables and views of `schema` and everything in the
    schema `reference`. Rows are sorted by all columns, so equal content gives equal files.
    The caller sees to it that only one process publishes to a home at a time.

    Args:
        warehouse: the DuckDB file the marts were built in; opened read-only.
        home: folder that holds `publications/` and the link `published`.
        publication_id: letters, digits, dot, dash and underscore; at most 100 of them.
        schema: the schema the marts lie in.
        limits: memory and threads; what does not fit spills into the publication's own folder.

    Raises:
        PublishError: nothing to publish, or any step failed; the last publication is untouched.
    """
    if not _VALID_ID.fullmatch(publication_id):
        raise PublishError(f"The publication id {publication_id!r} cannot be a folder name.")
    if not warehouse.is_file():
        raise PublishError(f"There is no warehouse file at {warehouse}; nothing was published.")
    home = home.resolve()
    publications = home / "publications"
    building = publications / f"{_BUILDING}{publication_id}"
    try:
        publications.mkdir(parents=True, exist_ok=True)
        _remove_stale_builds(publications)
        building.mkdir()
        rows = _build(warehouse.resolve(), building, schema, limits)
        final = _swap_in(building, home, publication_id)
    except PublishError:
        raise
    except Exception as error:
        raise PublishError(
            f"Publishing {publication_id} failed. {failures.explained(error, home)}"
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _prune(home)
    return Publication(id=final.name, path=final, rows=rows)


def current(home: Path) -> Path | None:
    """Returns the folder of the current publication, or None where nothing is published."""
    link = home / "published"
    return link.resolve() if link.is_dir() else None


def _build(warehouse: Path, building: Path, schema: str, limits: Limits) -> dict[str, int]:
    """Fills the building folder and returns the verified number of rows per table."""
    parquet = building / "parquet"
    parquet.mkdir()
    spill = building / ".spill"
    marts = building / MARTS_FILE
    limits = replace(limits, scratch=spill)
    with _attached(warehouse, marts, limits) as (connection, origin, target):
        sources = _sources(connection, origin, schema)
        rows = {source.name: _copy(connection, source, origin, target, parquet) for source in sources}
        connection.execute(f"CHECKPOINT {_identifier(target)}")
    _verify(marts, rows)
    report = building / "report"
    report.mkdir()
    page.render(marts, report / "index.html", limits)
    shutil.rmtree(spill, ignore_errors=True)
    return rows


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


def _sources(connection: duckdb.DuckDBPyConnection, origin: str, schema: str) -> list[_Source]:
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
    sources = [_Source(*row) for row in found]
    if not any(source.schema == schema for source in sources):
        raise PublishError(f"The warehouse holds no mart in schema {schema}; nothing to publish.")
    names = [source.name.lower() for source in sources]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise PublishError(
            f"Schemas {schema} and {REGISTRY_SCHEMA} both hold {', '.join(doubled)}; rename one."
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
    # Quoted as in a web address: a slash or dot in a name never leaves the folder.
    file = parquet / f"{quote(source.name, safe='')}.parquet"
    written = _count(connection, f"COPY {new} TO {_literal(str(file))} (FORMAT parquet, COMPRESSION zstd)")
    expected = _count(connection, f"SELECT count(*) FROM {old}")
    if written != expected:
        raise PublishError(f"{source.name}: Parquet holds {written} rows, the warehouse {expected}.")
    return expected


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
    """Moves the finished folder to its place and points the link at it."""
    final = _free_folder(home / "publications", publication_id)
    os.utime(building)
    building.replace(final)
    link = home / f".published-{os.getpid()}"
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(Path("publications") / final.name, target_is_directory=True)
        link.replace(home / "published")
    except OSError:
        link.unlink(missing_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        raise
    return final


def _free_folder(publications: Path, publication_id: str) -> Path:
    """Never reuses a folder: readers may have the older one of the same id open."""
    candidate = publications / publication_id
    number = 2
    while candidate.exists():
        candidate = publications / f"{publication_id}-{number}"
        number += 1
    return candidate


def _remove_stale_builds(publications: Path) -> None:
    for folder in publications.glob(f"{_BUILDING}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _prune(home: Path) -> None:
    """Deletes all but the newest publications and the linked one; only warns where it cannot."""
    linked = current(home)
    folders = [
        folder
        for folder in (home / "publications").iterdir()
        if folder.is_dir() and not folder.is_symlink() and not folder.name.startswith(".")
    ]
    newest = sorted(folders, key=lambda folder: (folder.stat().st_mtime_ns, folder.name))
    for folder in newest[:-KEPT_PUBLICATIONS]:
        if folder.resolve() == linked:
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
