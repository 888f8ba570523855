"""From an export to its draft, step by step."""

import csv
import re
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import duckdb

from orchestration.base import engine
from orchestration.base.engine import Limits
from orchestration.base.text import one_line
from orchestration.errors import ConfigurationError
from orchestration.landing import text_files
from orchestration.landing.export_file import ExportFile, UnreadableFile
from orchestration.landing.read import engine_errors, relations, unsupported
from orchestration.landing.read.documents import JsonLayout
from orchestration.onboarding import samples, total_rows, vendors
from orchestration.onboarding.call_logs import as_calls
from orchestration.onboarding.columns import (
    SAMPLE_RECORDS,
    expression_of,
    null_tokens,
    read_columns,
    read_sample,
    words_of,
)
from orchestration.onboarding.dates import DATE_IN_FILE_NAME
from orchestration.onboarding.entities import companions, guess_entities
from orchestration.onboarding.formats import detect_format
from orchestration.onboarding.writer import Writer
from orchestration.sources.file_settings import FileSet

_TAIL_BYTES, _TAIL_LINES = 1 << 14, 10


def source_name(file: Path) -> str:
    """A valid source name made of the file's name, without dates and endings."""
    stem = file.name
    while (suffix := PurePosixPath(stem).suffix.lower()) and re.fullmatch(r"\.[a-z][a-z0-9]{1,7}", suffix):
        stem = stem[: -len(suffix)]
    words = re.findall(r"[a-z0-9]+", "_".join(words_of(DATE_IN_FILE_NAME.sub(" ", stem))))
    name = "_".join(words)[:63].strip("_")
    if not name:
        return "export"
    return name if name[0].isalpha() else f"source_{name}"[:63].rstrip("_")


def draft(file: Path, exports: Path | None = None, limits: Limits = engine.SMALL) -> str:
    """A commented source file for an export.

    Args:
        file: CSV, TSV, JSON lines, a JSON array, Parquet or a workbook; plain, `.gz` or `.zip`.
        exports: the folder exports arrive in; if the file lies below it, the glob says where.
        limits: memory and threads; what does not fit spills into a folder that is removed at the end.

    Raises:
        ConfigurationError: the file is missing, damaged or of no format that can be landed.
    """
    if not file.is_file():
        raise ConfigurationError(f"{file} is no file. Name the export to look at.")
    try:
        with tempfile.TemporaryDirectory(prefix="faultline-") as folder:
            scratch = Path(folder)
            with engine.connect(limits=replace(limits, scratch=scratch / "spill")) as connection:
                return _draft(connection, file, exports, scratch)
    except UnreadableFile as error:
        raise ConfigurationError(f"{file}: {error}.") from error
    except (duckdb.Error, OSError) as error:
        raise ConfigurationError(f"{file} cannot be read: {engine_errors.first_line(error)}") from error


def _draft(connection: duckdb.DuckDBPyConnection, file: Path, exports: Path | None, scratch: Path) -> str:
    delivered, others = _delivered(file)
    path = samples.plain(delivered, scratch)
    detected = detect_format(path, delivered.member or file.name)
    if others:
        detected.warnings.append(
            f"The archive holds {others + 1} files; each lands the same way. This one was looked at: "
            f"{one_line(delivered.member)}"
        )
    form = (
        JsonLayout(records=tuple(detected.options.records.split("."))) if detected.options.records else None
    )
    relation = samples.head(connection, path, detected.options, scratch, limit=SAMPLE_RECORDS, form=form)
    if relation.damage:
        first = relation.damage[0]
        detected.warnings.append(
            f"{len(relation.damage):,} of the first records cannot be read and would go to quarantine, the "
            f"first at line {first.line}: {one_line(first.reason)}"
        )
    rows = read_sample(connection, relation)
    sums = total_rows.Totals()
    if not detected.options.is_json and set(relation.types.values()) <= {"VARCHAR"}:
        is_cut = len(rows) == SAMPLE_RECORDS and detected.options.format in ("csv", "tsv")
        sums = total_rows.found_in(rows, _last_rows(path, detected.options) if is_cut else ())
        rows = [rows[i] for i in total_rows.kept(rows)]
    plain_columns = read_columns(connection, relation, rows, [""])
    nulls, doubtful = null_tokens(plain_columns)
    columns = read_columns(connection, relation, rows, nulls) if len(nulls) > 1 else plain_columns
    detected = replace(detected, options=detected.options.model_copy(update={"nulls": nulls}))
    if doubtful:
        detected.remarks["nulls"] = f"also seen: {', '.join(doubtful)}; add what means nothing"
    if known := vendors.hint(relation.types, detected.options):
        detected.warnings.append(known)
    words = {w.removesuffix("s") for w in words_of(file.name + " " + delivered.member)}
    guesses = as_calls(columns, guess_entities(columns, words), words)
    left_out = sums.where([expression_of(name) for name in relation.types])
    repeats = {}
    for guess in (guesses[0], *companions(guesses[0], guesses)):
        keys = [guess.matches[name].column.expression for name in guess.entity.key if name in guess.matches]
        if keys:
            counted = _key_counts(connection, path, detected.options, keys, scratch)
            if counted is None or counted[0] < counted[1]:
                repeats[guess.entity.name] = counted
    return Writer(file, source_name(file), exports, detected, columns, guesses, repeats, left_out).text()


def _last_rows(path: Path, options: FileSet) -> list[tuple[str | None, ...]]:
    """The last records of a long delimited file, where reports put their totals."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = file.read().decode(options.encoding, errors="replace").splitlines()[-_TAIL_LINES:]
    if options.quote:
        reader = csv.reader(lines, delimiter=options.delimiter, quotechar=options.quote)
    else:
        reader = csv.reader(lines, delimiter=options.delimiter, quoting=csv.QUOTE_NONE)
    return [tuple(cell or None for cell in cells) for cells in reader]


def _key_counts(
    connection: duckdb.DuckDBPyConnection, path: Path, options: FileSet, keys: list[str], scratch: Path
) -> tuple[int, int] | None:
    """Different keys in the whole file, and rows that have one; None where they cannot be counted."""
    if not options.is_binary and (codec := text_files.needs_transcoding(path, options.encoding)):
        path = text_files.transcode(path, codec, scratch / "whole")
    is_there = " AND ".join(f"({key}) IS NOT NULL" for key in keys)
    try:
        if options.is_workbook:
            relation = samples.sheet(connection, path, options, scratch)
        else:
            relation = relations.open_relation(connection, (path,), (relations.NOWHERE,), options)
        counted = f"SELECT count(DISTINCT hash({', '.join(keys)})), count(*) FROM {relation.relation()}"
        n_keys, n_rows = connection.execute(f"{counted} WHERE {is_there}").fetchall()[0]
    except (UnreadableFile, *engine_errors.ENGINE_ERRORS):
        return None
    return n_keys, n_rows


def _delivered(file: Path) -> tuple[ExportFile, int]:
    """The file or the largest member of the archive, and how many other members there are."""
    stat = file.stat()
    whole = ExportFile(file.name, file, "", stat.st_size, stat.st_mtime_ns)
    if file.suffix.lower() != ".zip":
        return whole, 0
    try:
        with zipfile.ZipFile(file) as archive:
            members = [
                i for i in archive.infolist() if not i.is_dir() and not unsupported.by_name(i.filename)
            ]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UnreadableFile(f"damaged archive ({error}); deliver it again") from error
    if not members:
        raise UnreadableFile("the archive holds no file")
    largest = max(members, key=lambda info: info.file_size)
    return replace(whole, member=largest.filename), len(members) - 1
