"""From a source's mapping to SQL: typed fields, and a flag on every row that does not fit."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import duckdb

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.people import hashing, protection
from orchestration.landing.plan import durations, fault_sql, field_sql, row_sql, text_features, time_checks
from orchestration.landing.plan.field_sql import Field
from orchestration.landing.read import relations
from orchestration.landing.read.relations import FileRelation
from orchestration.sources import contract
from orchestration.sources.expressions import cannot_fail, is_choice
from orchestration.sources.file_settings import FieldMapping, FileSet
from orchestration.sources.source_files import Feed, Source

PLACEHOLDERS = "_placeholders"
PERSONAL = "_personal"
FILES_BEFORE = "file_offsets"
"""Table of each delivery's `?n_before`: how many records the files before it hold."""
# Which file a row is from travels with it, under names that no file can use for its own columns.
_ORIGIN = {column: work.origin(column) for column in relations.ORIGIN}


@dataclass(frozen=True)
class Compiled:
    """SQL of one feed over the files of a relation.

    `landed` yields the columns that the feed fills, `_placeholders` (the fields that hold a placeholder for
    a time, with commas between; mostly NULL), `_personal` (the same of fields whose value was personal
    and was hashed or masked) and `_bad`; `faults` yields one row per fault of the bad rows: delivery id,
    record (1-based among all parsed records), column, reason, masked value.
    `numbered` yields the columns that the feed fills, `_record` and `_bad`; `impossible` one row per rule
    about times that a sound row breaks: record, column, what is wrong with it (empty without rules).
    `count_all` yields delivery id and number of rows before any filter, of each file that has some.
    `codes` yields the name of each field of identifiers in which values that look like a number with an
    exponent are codes, because others beside them are; it is to be asked only where there are bad rows.
    """

    landed: str
    faults: str
    numbered: str
    impossible: str
    count_all: str
    codes: str
    is_every_record: bool
    missing: tuple[str, ...]


def missing_columns(feed: Feed, relation: FileRelation) -> dict[str, tuple[str, ...]]:
    """File columns that each field (or `where`) reads and the file does not have.

    JSON leaves out what is empty: of several keys that a field reads, one is enough, and where rows come from
    lists, an answer that found none may say no more than what is known of it. One is enough, too, of columns
    of which a field takes the first that is filled.
    """
    present = {sql.folded(name) for name in relation.types}
    ignored = {sql.folded(name) for name in relation.options.ignore_columns}
    if feed.table.rows and present and present <= ignored:
        return {}
    gaps = {
        field: tuple(c for c in read if sql.folded(c) not in present)
        for field, read in feed.columns.items()
        if not feed.is_optional(field)
    }
    return {
        field: absent
        for field, absent in gaps.items()
        if absent and not (_is_one_enough(feed, field, relation) and len(absent) < len(feed.columns[field]))
    }


def _is_one_enough(feed: Feed, field: str, relation: FileRelation) -> bool:
    return relation.options.is_json or (field in feed.mappings and is_choice(feed.mappings[field].expression))


def plain_times(feeds: Sequence[Feed], options: FileSet) -> set[str]:
    """File columns (folded) that nothing reads but as times, without formats of their own."""
    plain: set[str] = set()
    others: set[str] = set()
    for feed in feeds:
        for name, read in feed.columns.items():
            mapping, column = feed.mappings.get(name), feed.table.columns.get(name)
            is_plain = mapping and column and _is_column(mapping, read) and column.type in ("ts", "date")
            is_translated = mapping and (mapping.map or mapping.has_default or mapping.dates)
            (plain if is_plain and not is_translated else others).update(map(sql.folded, read))
    return set() if options.dates else plain - others


def _is_column(mapping: FieldMapping, read: Sequence[str]) -> bool:
    return len(read) == 1 and mapping.expression in (read[0], sql.name(read[0]))


def compile_feed(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    file_set: str,
    feed: Feed,
    relation: FileRelation,
    *,
    new: Sequence[str] = (),
    codes: Container[str] = (),
) -> Compiled:
    """Builds the SQL that lands one feed of one or more files; `new` columns are kept beside the row.

    `codes` names the fields in which `5E17` is a code and no number (see `Compiled.codes`).

    Raises:
        duckdb.Error: an expression does not bind to the files' columns.
    """
    options = source.document.files[file_set]
    zone = source.zone(file_set)
    gaps = missing_columns(feed, relation)
    rows = row_sql.of_feed(feed, relation)
    fields = _fields(connection, feed, options, relation, rows)

    computed = ", ".join(field_sql.computed(field) for field in fields)
    valued = ", ".join(field_sql.valued(field) for field in fields)
    parsed = ", ".join(
        f"{field_sql.parsed(field, zone, options.list_separator)} AS {work.parsed(field.name)}"
        for field in fields
    )
    where = f" WHERE ({feed.where}\n)" if feed.where else ""
    same_name = row_sql.same_name_columns(feed, relation)
    carried = ", ".join(
        [
            *_ORIGIN.values(),
            *([work.FITS] if relation.is_untyped else []),
            *([work.DIFFERS] if same_name else []),
        ]
    )

    protected = _protected(source, feed)
    flagged = {name: one.is_changed for name, one in protected.items() if one.is_changed}
    flags = ", ".join(f"{asked} AS {work.is_personal(name)}" for name, asked in flagged.items())

    def staged(base: str, extra: str = "") -> str:
        values = (
            f"(SELECT {valued}, {carried}{extra} FROM "
            f"(SELECT {computed}, {carried}{extra} FROM {base}{where}))"
        )
        rows = time_checks.without_placeholders(
            feed, fields, zone, f"(SELECT *, {parsed} FROM {field_sql.read(fields, values)})"
        )
        return f"(SELECT *, {flags} FROM {rows})" if flags else rows

    faults = fault_sql.of_fields(feed, fields, codes)
    if relation.is_untyped:
        faults.append(
            (
                fault_sql.WHOLE_RECORD,
                f"NOT {work.FITS}",
                "a value is of another kind than this export has there",
            )
        )
    if same_name:
        named = ", ".join(map(hashing.shown, same_name))
        faults.append((fault_sql.WHOLE_RECORD, work.DIFFERS, f"columns of one name differ: {named}"))
    bad = " OR ".join(condition for _, condition, _ in faults) or "false"
    landed = feed.table.landed
    columns = {
        c: f"CAST({value} AS {landed[c]})" for c, value in _landed_columns(source, feed, protected).items()
    } | {
        "source_instance": sql.constant(source.instance),
        "centre": sql.constant(source.centre),
        **_ORIGIN,
    }
    extra = ""
    if new:
        columns[contract.EXTRA] = found = work.origin(contract.EXTRA)
        extra = f"{row_sql.kept(source, relation, new)} AS {found}"
    landed_rows = row_sql.of_feed(feed, relation, is_numbered=feed.table.has_lines, kept=extra)
    beside = f", {columns[contract.EXTRA]}" if new else ""
    if feed.table.has_lines:
        columns[contract.SOURCE_LINE] = f"{work.RECORD}{row_sql.lines_before(relation)}"
        beside += f", {work.RECORD}"
        if relation.members:
            landed_rows = (
                f"(SELECT * FROM {landed_rows} JOIN {FILES_BEFORE} USING ({_ORIGIN['_delivery_id']}))"
            )
            beside += f", {sql.name(work.N_BEFORE)}"
    select = ", ".join(f"{value} AS {sql.name(c)}" for c, value in columns.items())
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'column': {sql.text(column)}, 'reason': {sql.text(reason)}, "
        f"'masked': {fault_sql.masked(column)}}} END"
        for column, condition, reason in faults
    )
    origin = _ORIGIN["_delivery_id"]
    numbered = staged(row_sql.of_feed(feed, relation, is_numbered=True), f", {work.RECORD}")
    own = ", ".join(f"{value} AS {sql.name(c)}" for c, value in columns.items() if c != contract.EXTRA)
    return Compiled(
        landed=(
            f"SELECT {select}, {time_checks.listed_placeholders(fields)} AS {PLACEHOLDERS}, "
            f"{field_sql.listed({name: work.is_personal(name) for name in flagged})} AS {PERSONAL}, "
            f"({bad}) AS _bad FROM {staged(landed_rows, beside)}"
        ),
        faults=(
            f"SELECT {origin}, {work.RECORD}, "
            f"unnest(list_filter([{listed}], lambda x: x IS NOT NULL), recursive := true) "
            f"FROM {numbered} WHERE {bad}"
        ),
        numbered=f"SELECT {own}, {work.RECORD} AS _record, ({bad}) AS _bad FROM {numbered}",
        impossible=time_checks.impossible(feed, numbered, bad),
        count_all=f"SELECT {origin}, count(*) FROM {rows} GROUP BY ALL",
        codes=fault_sql.codes(fields, f"(SELECT {valued} FROM (SELECT {computed} FROM {rows}{where}))"),
        is_every_record=not feed.where and not feed.table.rows,
        missing=tuple(sorted({column for columns in gaps.values() for column in columns})),
    )


def _fields(
    connection: duckdb.DuckDBPyConnection, feed: Feed, options: FileSet, relation: FileRelation, rows: str
) -> list[Field]:
    written = [mapping.expression for mapping in feed.mappings.values()] + [feed.where or ""]
    if any("seconds" in one.lower() for one in written):
        durations.install(connection, options.decimal)
    if any(function in one.lower() for one in written for function in text_features.FUNCTIONS):
        text_features.install(connection)
    types = {sql.folded(name): column_type for name, column_type in relation.types.items()}
    raw: dict[str, str] = {}
    for name, mapping in feed.mappings.items():
        columns = feed.columns[name]
        if _is_column(mapping, columns):
            raw[name] = types.get(sql.folded(columns[0]), "VARCHAR")
    is_trimmed = {name for name, raw_type in raw.items() if raw_type == "VARCHAR"}
    is_sure = set(raw)
    if options.format != "parquet":  # everything there is text
        is_sure.update(name for name, mapping in feed.mappings.items() if cannot_fail(mapping.expression))
    unknown = {name: mapping for name, mapping in feed.mappings.items() if name not in raw}
    if unknown or feed.where:
        select = ", ".join(f"({m.expression}\n) AS {sql.name(f)}" for f, m in unknown.items()) or "1"
        where = f" WHERE ({feed.where}\n)" if feed.where else ""
        described = connection.execute(f"DESCRIBE SELECT {select} FROM {rows}{where}").fetchall()
        raw |= {row[0]: row[1] for row in described}
    fields = [
        Field(
            column=feed.table.columns[name],
            expression=mapping.expression,
            raw=raw[name],
            is_sure=name in is_sure,
            is_trimmed=name in is_trimmed,
            map=mapping.map,
            has_default=mapping.has_default,
            default=mapping.default,
            formats=options.formats_of(mapping.dates),
            decimal=options.decimal if raw[name] == "VARCHAR" else ".",
        )
        for name, mapping in feed.mappings.items()
    ]
    return [_untrimmed(field, feed, relation) for field in fields]


def _untrimmed(field: Field, feed: Feed, relation: FileRelation) -> Field:
    """The field; one that is read as well from text with blanks around it is read from that."""
    is_indifferent = (field.column.type in ("ts", "date") and not field.formats) or (
        field.column.type == "num" and field.decimal == "."
    )
    if not field.is_trimmed or field.map or field.has_default or not is_indifferent:
        return field
    (column,) = feed.columns[field.name]
    names = {sql.folded(name): name for name in relation.types}
    if sql.folded(column) not in names:
        return field
    whole = work.untrimmed(names[sql.folded(column)])
    return replace(field, expression=whole, untrimmed=field_sql.present(sql.name(field.name), relation))


# ---------------------------------------------------------------- landed columns


def _protected(source: Source, feed: Feed) -> dict[str, protection.Protected]:
    """What lands of each field that the feed fills, but for those that never land."""
    region = sql.text(source.document.phone_region)
    field = work.parsed("field") if "field" in feed.mappings else ""
    return {
        name: protection.of(feed.table, column, source.centre, region, field=field)
        for name, column in feed.table.columns.items()
        if column.pii != "drop" and name in feed.mappings
    }


def _landed_columns(source: Source, feed: Feed, protected: dict[str, protection.Protected]) -> dict[str, str]:
    """SQL of every column that the feed fills: parsed, hashed or masked where the contract says so.

    Those it does not fill are left to the view over the parts.
    """
    region = sql.text(source.document.phone_region)
    columns: dict[str, str] = {}
    for name, one in protected.items():
        columns[name] = one.value
        if feed.table.columns[name].type == "phone":
            columns[f"{name}_status"] = f"phone_status({work.parsed(name)}, {region})"
    return columns
