"""From a source's mapping to SQL: typed fields, and a flag on every row that does not fit."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import duckdb

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.people import hashing, protection
from orchestration.landing.plan import durations, lost_digits, placeholders, timestamps
from orchestration.landing.read import relations
from orchestration.landing.read.relations import FileRelation
from orchestration.sources import contract
from orchestration.sources.expressions import cannot_fail, is_choice
from orchestration.sources.file_settings import FieldMapping, FileSet
from orchestration.sources.source_files import Feed, Source

_MOST_READINGS = 3  # a time is a wall-clock time, one in UTC, or a moment
_WHOLE = r"[+-]?\d+(?:\.0+)?"
_COMMA_NUMBER = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?"
_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")


PLACEHOLDERS = "_placeholders"
PERSONAL = "_personal"
_YEAR_SECONDS = 31_622_400
_PLANNED = ("valid_to", "closed_at", "shift_end")
"""Stamps that may lie ahead."""
WHOLE_RECORD = "(record)"
"""The column of a fault that concerns the whole record."""
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


@dataclass(frozen=True)
class _Field:
    """One field on its way from the file's columns to the contract's type.

    `raw` is the type of the expression, `is_sure` says that computing it cannot fail, `is_trimmed` that it
    is text without blanks around it. The value of a field with `untrimmed` is the untrimmed text of the file,
    because reading it needs no trimming as a rule; that is the SQL of what trimming makes of it.
    """

    column: contract.Column
    expression: str
    raw: str
    is_sure: bool
    is_trimmed: bool
    map: dict[str, str | None]
    has_default: bool
    default: str | None
    formats: list[str]
    decimal: str
    untrimmed: str = ""

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def text(self) -> str:
        """SQL of the value without blanks around it, NULL where there is none."""
        return self.untrimmed or sql.name(self.name)

    @property
    def is_kept_typed(self) -> bool:
        """Times and lists of typed files; everything else goes through text, one way for all formats."""
        if self.map or self.has_default:
            return False
        if self.column.type in ("ts", "date"):
            return self.raw == "DATE" or self.raw.startswith("TIMESTAMP")
        return self.column.type in ("list", "phones", "ids") and self.raw.endswith("[]")


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
    rows = _rows(feed, relation)
    fields = _fields(connection, feed, options, relation, rows)

    computed = ", ".join(_computed(field) for field in fields)
    valued = ", ".join(_valued(field) for field in fields)
    parsed = ", ".join(
        f"{_parsed(field, zone, options.list_separator)} AS {work.parsed(field.name)}" for field in fields
    )
    where = f" WHERE ({feed.where}\n)" if feed.where else ""
    same_name = _same_name_columns(feed, relation)
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
        rows = _without_placeholders(feed, fields, zone, f"(SELECT *, {parsed} FROM {_read(fields, values)})")
        return f"(SELECT *, {flags} FROM {rows})" if flags else rows

    faults = _faults(feed, fields, codes)
    if relation.is_untyped:
        faults.append(
            (WHOLE_RECORD, f"NOT {work.FITS}", "a value is of another kind than this export has there")
        )
    if same_name:
        named = ", ".join(map(hashing.shown, same_name))
        faults.append((WHOLE_RECORD, work.DIFFERS, f"columns of one name differ: {named}"))
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
        extra = f"{_kept(source, relation, new)} AS {found}"
    landed_rows = _rows(feed, relation, is_numbered=feed.table.has_lines, kept=extra)
    beside = f", {columns[contract.EXTRA]}" if new else ""
    if feed.table.has_lines:
        columns[contract.SOURCE_LINE] = f"{work.RECORD}{_lines_before(relation)}"
        beside += f", {work.RECORD}"
        if relation.members:
            landed_rows = (
                f"(SELECT * FROM {landed_rows} JOIN {FILES_BEFORE} USING ({_ORIGIN['_delivery_id']}))"
            )
            beside += f", {sql.name(work.N_BEFORE)}"
    select = ", ".join(f"{value} AS {sql.name(c)}" for c, value in columns.items())
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'column': {sql.text(column)}, 'reason': {sql.text(reason)}, "
        f"'masked': {_masked(column)}}} END"
        for column, condition, reason in faults
    )
    origin = _ORIGIN["_delivery_id"]
    numbered = staged(_rows(feed, relation, is_numbered=True), f", {work.RECORD}")
    own = ", ".join(f"{value} AS {sql.name(c)}" for c, value in columns.items() if c != contract.EXTRA)
    return Compiled(
        landed=(
            f"SELECT {select}, {_listed_placeholders(fields)} AS {PLACEHOLDERS}, "
            f"{_listed({name: work.is_personal(name) for name in flagged})} AS {PERSONAL}, ({bad}) AS _bad "
            f"FROM {staged(landed_rows, beside)}"
        ),
        faults=(
            f"SELECT {origin}, {work.RECORD}, "
            f"unnest(list_filter([{listed}], lambda x: x IS NOT NULL), recursive := true) "
            f"FROM {numbered} WHERE {bad}"
        ),
        numbered=f"SELECT {own}, {work.RECORD} AS _record, ({bad}) AS _bad FROM {numbered}",
        impossible=_impossible(feed, numbered, bad),
        count_all=f"SELECT {origin}, count(*) FROM {rows} GROUP BY ALL",
        codes=_codes(fields, f"(SELECT {valued} FROM (SELECT {computed} FROM {rows}{where}))"),
        is_every_record=not feed.where and not feed.table.rows,
        missing=tuple(sorted({column for columns in gaps.values() for column in columns})),
    )


def _lines_before(relation: FileRelation) -> str:
    """SQL that turns the number of a record among all files into its line in its own file.

    A file that was read line by line counts its sound records: their order is that of the file.
    """
    header = f" + {relation.n_header_lines}" if relation.has_lines and relation.n_header_lines else ""
    return f"{header} - {sql.name(work.N_BEFORE)}" if relation.members else header


def _kept(source: Source, relation: FileRelation, new: Sequence[str]) -> str:
    """SQL of the new columns of a record as the text of one JSON object, NULL where all are empty."""
    values = {
        name: _present(sql.name(name), relation)
        if relation.types[name] == "VARCHAR"
        else f"CAST({sql.name(name)} AS VARCHAR)"
        for name in new
    }
    return hashing.kept_object(f"extra:{source.centre}", values)


def _rows(feed: Feed, relation: FileRelation, *, is_numbered: bool = False, kept: str = "") -> str:
    """The rows that a table is made of: the records of the files, or the items of lists in them.

    What is `kept` of a record travels along. Of a record that does not fit its shape one row is left, so
    that it is reported once.
    """
    chosen = [*_chosen(feed, relation), *([kept] if kept else [])]
    rows = relation.rows(chosen, work.RECORD if is_numbered else "")
    for alias, found in feed.table.rows.items():
        items = f"CASE WHEN {work.FITS} THEN {found} ELSE [NULL] END" if relation.is_untyped else found
        rows = (
            f"(SELECT *, unnest({items}) AS {sql.name(alias)}, "
            f"generate_subscripts({items}, 1) AS {sql.name(alias + '_no')} FROM {rows})"
        )
    return rows


def _same_name_columns(feed: Feed, relation: FileRelation) -> dict[str, tuple[str, ...]]:
    """For each column that the feed reads: others of its name, unless the mapping names them itself."""
    if not relation.same_name:
        return {}
    referenced = {sql.folded(column) for column in feed.referenced()}
    apart = referenced | {sql.folded(column) for column in relation.options.ignore_columns}
    found = {
        name: tuple(
            one for one in relation.same_name.get(sql.folded(name), ()) if sql.folded(one) not in apart
        )
        for name in relation.types
        if sql.folded(name) in referenced
    }
    return {name: others for name, others in found.items() if others}


def _filled_by_any(name: str, others: Sequence[str], relation: FileRelation) -> tuple[str, str]:
    """SQL of the value that the first filled one of several columns has, and of whether they differ."""
    kind = relation.types[name]
    columns = [sql.name(one) for one in (name, *others)]
    if kind != "VARCHAR":
        columns = [columns[0], *(f"TRY_CAST({column} AS {kind})" for column in columns[1:])]
        present = columns
    else:
        columns = [f"CAST({column} AS VARCHAR)" for column in columns]
        present = [_present(column, relation) for column in columns]
    cases = " ".join(f"WHEN {p} IS NOT NULL THEN {c}" for p, c in zip(present, columns, strict=True))
    differs = [f"coalesce({one} <> {other}, false)" for one, other in combinations(present, 2)]
    return f"(CASE {cases} END)", f"({' OR '.join(differs)})"


def _chosen(feed: Feed, relation: FileRelation) -> list[str]:
    """The columns that the feed reads, text both trimmed and untrimmed, with words for nothing as NULL."""
    referenced = feed.referenced()
    selected = []
    same_name = _same_name_columns(feed, relation)
    any_filled = {name: _filled_by_any(name, others, relation) for name, others in same_name.items()}
    if same_name:
        selected.append(f"({' OR '.join(differs for _, differs in any_filled.values())}) AS {work.DIFFERS}")
    for name, column_type in relation.types.items():
        if name in any_filled:
            c, value = sql.name(name), any_filled[name][0]
            selected.append(f"{_present(value, relation) if column_type == 'VARCHAR' else value} AS {c}")
            selected += [f"{value} AS {work.untrimmed(name)}"] if column_type == "VARCHAR" else []
        elif name.lower() in referenced:
            c = sql.name(name)
            is_text = column_type == "VARCHAR"
            selected += (
                [f"{_present(c, relation)} AS {c}", f"{c} AS {work.untrimmed(name)}"] if is_text else [c]
            )
    known = {sql.folded(name) for name in relation.types}
    absent = {c for read in feed.columns.values() for c in read if sql.folded(c) not in known}
    selected += [
        f"CAST(NULL AS {relation.shapes[c].duckdb_type if c in relation.shapes else 'VARCHAR'}) "
        f"AS {sql.name(c)}"
        for c in sorted(absent)
    ]
    if relation.is_untyped:
        selected.append(work.FITS)
    return selected


def _present(text: str, relation: FileRelation | None = None) -> str:
    """Trimmed text, NULL for nothing: no characters, or one of the words for it that a file may have."""
    words = {word.strip() for word in relation.options.nulls} if relation else set()
    if relation is None or not relation.is_delimited:
        words.add("")
    else:
        words.discard("")  # it is NULL already
    # Hardly any value needs trimming, and looking for blanks costs a tenth of removing them.
    is_padded = f"contains({text}, ' ') AND ({text} LIKE ' %' OR {text} LIKE '% ')"
    trimmed = f"CASE WHEN {is_padded} THEN nullif(trim({text}), '') ELSE {text} END"
    for word in sorted(words):
        trimmed = f"nullif({trimmed}, {sql.text(word)})"
    return trimmed


def _fields(
    connection: duckdb.DuckDBPyConnection, feed: Feed, options: FileSet, relation: FileRelation, rows: str
) -> list[_Field]:
    written = [mapping.expression for mapping in feed.mappings.values()] + [feed.where or ""]
    if any("seconds" in one.lower() for one in written):
        durations.install(connection, options.decimal)
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
        _Field(
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


def _untrimmed(field: _Field, feed: Feed, relation: FileRelation) -> _Field:
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
    return replace(field, expression=whole, untrimmed=_present(sql.name(field.name), relation))


# ---------------------------------------------------------------- from expression to value


def _computed(field: _Field) -> str:
    """The expression; one that fails on a value costs that row and not the file."""
    if field.is_sure:
        return f"{field.expression} AS {sql.name(field.name)}"
    return f"TRY({{'v': ({field.expression}\n)}}) AS {sql.name(field.name)}"


def _valued(field: _Field) -> str:
    """The value as trimmed text (NULL if blank) after the map, or typed; and whether it failed."""
    own = sql.name(field.name)
    value = own if field.is_sure else f"{own}.v"
    if not field.is_kept_typed:
        if field.raw != "VARCHAR":
            value = f"CAST({value} AS VARCHAR)"
        if not field.is_trimmed:
            value = _present(value) if field.is_sure else f"nullif(trim({value}), '')"
        value = _translated(field, value)
    failed = "" if field.is_sure else f", {own} IS NULL AS {work.failed(field.name)}"
    return f"{value} AS {own}{failed}"


def _translated(field: _Field, text: str) -> str:
    """The value map; what is missing stays missing, whatever `default` says."""
    if not field.map and not field.has_default:
        return text
    cases = "".join(f" WHEN {text} = {sql.text(k)} THEN {_literal(v)}" for k, v in field.map.items())
    rest = _literal(field.default) if field.has_default else text
    return f"nullif(CASE WHEN {text} IS NULL THEN NULL{cases} ELSE {rest} END, '')"


def _literal(value: str | None) -> str:
    return "NULL" if value is None else sql.text(value.strip())


# ---------------------------------------------------------------- from value to type


def _parsed(field: _Field, zone: str, separator: str) -> str:
    """SQL that turns the value into the field's type; NULL where it cannot."""
    value = sql.name(field.name)
    match field.column.type:
        case "ts" | "date":
            return timestamps.landed(_read_columns(field), field.column.type, zone)
        case "list" | "phones" | "ids":
            return _list(field, value, separator)
        case "int":
            # A bare cast would round 1.5 to 2; the usual spelling is found faster than by the pattern.
            (number,) = _read_columns(field)
            return (
                f"CASE WHEN CAST({number} AS VARCHAR) = {value} THEN {number} "
                f"WHEN regexp_full_match({value}, '{_WHOLE}') THEN {number} END"
            )
        case "num":
            # The engine takes 1_000 for a number, and words for those that are none.
            number, *spelled = _read_columns(field)
            otherwise = "".join(f" WHEN {number} IS NULL THEN {one}" for one in spelled)
            return f"CASE WHEN isfinite({number}) AND NOT contains({value}, '_') THEN {number}{otherwise} END"
        case "bool":
            is_true, is_false = (sql.is_one_of(f"lower({value})", words) for words in (_TRUE, _FALSE))
            return f"CASE WHEN {is_true} THEN true WHEN {is_false} THEN false END"
    return lost_digits.whole(value, field.decimal) if field.column.holds_ids else value


def _read(fields: Iterable[_Field], rows: str) -> str:
    """SQL of rows with the columns of `_readings`, each made only of what those before it could not be."""
    for i in range(_MOST_READINGS):
        columns = ""
        for field in fields:
            found, names = _readings(field)[i : i + 1], _read_columns(field)
            if any(found):
                unread = " AND ".join(f"{one} IS NULL" for one in names[:i] if one)
                read = f"CASE WHEN {unread} THEN {found[0]} END" if unread else found[0]
                columns += f", {read} AS {names[i]}"
        rows = f"(SELECT *{columns} FROM {rows})" if columns else rows
    return rows


def _read_columns(field: _Field) -> tuple[str, ...]:
    """Names of the columns that hold the readings of a value; empty for one that it cannot have."""
    return tuple(work.reading(i, field.name) if read else "" for i, read in enumerate(_readings(field)))


def _readings(field: _Field) -> tuple[str, ...]:
    """SQL of what the value may be, where it takes more than one attempt to read it."""
    value = sql.name(field.name)
    match field.column.type:
        case "ts" | "date":
            value_type = field.raw if field.is_kept_typed else "VARCHAR"
            return timestamps.read(value, value_type, field.formats, field.text)
        case "int":
            return (f"TRY_CAST({value} AS BIGINT)",)
        case "num":
            is_duration = field.name.endswith("_seconds") and field.raw == "VARCHAR"
            spelled = (durations.seconds(field.text, field.decimal),) if is_duration else ()
            return (_number(value, field.decimal), *spelled)
    return ()


def _number(text: str, decimal: str) -> str:
    if decimal != ",":
        return f"TRY_CAST({text} AS DOUBLE)"
    plain = f"replace(replace({text}, '.', ''), ',', '.')"
    return f"CASE WHEN regexp_full_match({text}, '{_COMMA_NUMBER}') THEN TRY_CAST({plain} AS DOUBLE) END"


def _list(field: _Field, value: str, separator: str) -> str:
    if field.is_kept_typed:
        items = f"CAST({value} AS VARCHAR[])"
    else:
        items = (
            f"CASE WHEN {value} LIKE '[%]' AND json_valid({value}) THEN from_json({value}, '[\"VARCHAR\"]') "
            f"ELSE string_split({value}, {sql.text(separator)}) END"
        )
    is_bent = field.column.type in ("list", "ids") and field.column.pii != "hash"
    item = lost_digits.whole("trim(x)", field.decimal) if is_bent else "trim(x)"
    trimmed = f"list_transform({items}, lambda x: nullif({item}, ''))"
    is_kept = f"x IS NOT NULL{' AND NOT ' + lost_digits.is_nobody('x') if field.column.type == 'ids' else ''}"
    return f"CASE WHEN {value} IS NOT NULL THEN list_filter({trimmed}, lambda x: {is_kept}) END"


# ---------------------------------------------------------------- placeholders


def _may_be_placeholder(column: contract.Column) -> bool:
    """Whether a time in the column may stand for no time; a required day is a day of a calendar."""
    return column.type == "ts" or (column.type == "date" and not column.is_required)


def _without_placeholders(feed: Feed, fields: Sequence[_Field], zone: str, rows: str) -> str:
    """SQL of the rows with NULL for times that are placeholders, and a flag for each such field."""
    times = [field for field in fields if _may_be_placeholder(field.column)]
    if not times:
        return rows
    flags = ", ".join(
        f"{_is_placeholder(feed, field, zone)} AS {work.is_placeholder(field.name)}" for field in times
    )
    parsed = [(work.parsed(field.name), field) for field in times]
    emptied = ", ".join(
        f"CASE WHEN NOT {work.is_placeholder(field.name)} THEN {value} END AS {value}"
        for value, field in parsed
    )
    return f"(SELECT * REPLACE ({emptied}) FROM (SELECT *, {flags} FROM {rows}))"


def _is_placeholder(feed: Feed, field: _Field, zone: str) -> str:
    """SQL of whether the value of a time field is a placeholder.

    In telephony, where rows last minutes, so is the midnight before the row began.
    """
    moment, value = work.parsed(field.name), sql.name(field.name)
    wall, utc, instant = _read_columns(field)
    text = "" if field.is_kept_typed else field.text
    shown = [one for one in (wall, utc) if one]
    if text and instant and not field.formats:  # what the clock showed beside its offset
        shown.append(f"CASE WHEN {instant} IS NOT NULL THEN TRY_CAST({text}[:19] AS TIMESTAMP) END")
    clock = f"coalesce({', '.join(shown)})" if shown else ""
    is_placeholder = placeholders.found(value, moment, field.column.type, text, clock)
    table = feed.table
    is_of_minutes = isinstance(table, contract.Entity) and table.domain == "telephony"
    if is_of_minutes and field.column.type == "ts" and table.event_at in feed.mappings:
        start = work.parsed(table.event_at)
        if field.name != table.event_at and not field.column.is_required:
            return f"({is_placeholder} OR {placeholders.midnight_before(moment, start, zone)})"
    return f"({is_placeholder})"


def _impossible(feed: Feed, rows: str, bad: str) -> str:
    """SQL of the rules about times that sound rows break, by the words of `possible_times` in dbt."""
    table, filled = feed.table, feed.mappings
    broken: list[tuple[str, str, str]] = []
    for name in filled:
        if name.endswith("_seconds") and name in table.columns:
            value = work.parsed(name)
            broken.append((name, "is negative", f"{value} <= -1"))
            broken.append((name, "is more than a year", f"{value} >= {_YEAR_SECONDS}"))
    for later, earlier in table.order.items():
        for one in earlier:
            if later in filled and one in filled:
                condition = f"{work.parsed(later)} < {work.parsed(one)} - INTERVAL 1 SECOND"
                if later == "ended_at" and "duration_seconds" in filled:
                    condition += f" AND {work.parsed('duration_seconds')} IS NULL"
                broken.append((later, f"lies before {one}", condition))
        if later in filled and later not in _PLANNED:
            condition = f"{work.parsed(later)} > {_ORIGIN['_delivered_at']} + INTERVAL 1 DAY"
            broken.append((later, "lies a day or more after its delivery", condition))
    for name, (since, until) in table.at_most.items():
        if {name, since, until} <= filled.keys():
            span = f"epoch({work.parsed(until)}) - epoch({work.parsed(since)})"
            condition = f"{span} >= 0 AND {work.parsed(name)} > {span} + 1"
            broken.append((name, f"is more than lies between {since} and {until}", condition))
    if not broken:
        return ""
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'column': {sql.text(name)}, 'problem': {sql.text(problem)}}} END"
        for name, problem, condition in broken
    )
    unnested = f"unnest(list_filter([{listed}], lambda x: x IS NOT NULL), recursive := true)"
    return f"SELECT {work.RECORD}, {unnested} FROM {rows} WHERE NOT coalesce({bad}, false)"


def _listed_placeholders(fields: Sequence[_Field]) -> str:
    """SQL of the names of the fields that hold placeholders, NULL where none does."""
    return _listed(
        {one.name: work.is_placeholder(one.name) for one in fields if _may_be_placeholder(one.column)}
    )


def _listed(conditions: dict[str, str]) -> str:
    """SQL of the names of the fields whose condition holds, with commas between; NULL where none does."""
    if not conditions:
        return "CAST(NULL AS VARCHAR)"
    names = ", ".join(f"CASE WHEN {asked} THEN {sql.text(name)} END" for name, asked in conditions.items())
    return f"CASE WHEN {' OR '.join(conditions.values())} THEN concat_ws(',', {names}) END"


# ---------------------------------------------------------------- faults


_READABLE_TYPES = {
    "ts": "a date and time",
    "date": "a date",
    "int": "a whole number",
    "num": "a number",
    "bool": "yes or no",
}


def _codes(fields: list[_Field], values: str) -> str:
    found = [
        f"CASE WHEN bool_or({lost_digits.may_be_lost(value)}) AND bool_or({lost_digits.is_code(value)}) "
        f"THEN {sql.text(field.name)} END"
        for field in fields
        if field.column.type == "id"
        for value in (sql.name(field.name),)
    ]
    if not found:
        return "SELECT NULL WHERE false"
    named = f"SELECT unnest([{', '.join(found)}]) AS field FROM {values}"
    return f"SELECT field FROM ({named}) WHERE field IS NOT NULL"


def _faults(feed: Feed, fields: list[_Field], codes: Container[str] = ()) -> list[tuple[str, str, str]]:
    """(field, condition, reason) of everything that sends a row to quarantine."""
    faults: list[tuple[str, str, str]] = []
    for field in fields:
        parsed = work.parsed(field.name)
        if not field.is_sure:
            faults.append((field.name, work.failed(field.name), "the expression fails on this row"))
        if field.column.is_required:
            sure = "" if field.is_sure else f" AND NOT {work.failed(field.name)}"
            faults.append((field.name, f"({_is_nothing(field)}{sure})", "required value is missing"))
        unread = f"{parsed} IS NULL AND NOT {_is_nothing(field)}"
        if _may_be_placeholder(field.column):
            unread += f" AND NOT {work.is_placeholder(field.name)}"
            if field.column.is_required:
                faults.append((field.name, work.is_placeholder(field.name), "a placeholder and no time"))
        if field.column.type in _READABLE_TYPES:
            reason = f"cannot be read as {_READABLE_TYPES[field.column.type]}"
            faults.append((field.name, f"({unread})", reason))
        if field.column.holds_ids:
            value = sql.name(field.name)
            is_lost = lost_digits.is_lost(value, is_exact=field.raw.startswith("DECIMAL"))
            is_number = f" OR {lost_digits.may_be_lost(value)}" if field.column.type == "id" else ""
            if field.name not in codes and is_number:
                is_lost = f"({is_lost}{is_number})"
            faults.append((field.name, lost_digits.where_lost(value, is_lost), lost_digits.LOST))
        if field.name == feed.table.event_at:
            delivery = _ORIGIN["_delivered_at"]
            faults.append(
                (field.name, f"coalesce({parsed} > {delivery}, false)", "dated later than its delivery")
            )
    return faults


def _is_nothing(field: _Field) -> str:
    """SQL of whether the file has no value; nothing is looked for in what was read."""
    if not field.untrimmed:
        return f"({field.text} IS NULL)"
    return f"CASE WHEN {work.parsed(field.name)} IS NULL THEN {field.text} IS NULL ELSE false END"


def _masked(column: str) -> str:
    """Shape of a value without its content: letters become x, digits 9, at most 40 characters."""
    if column == WHOLE_RECORD:
        return "''"
    text = f"left(CAST({sql.name(column)} AS VARCHAR), 40)"
    return f"regexp_replace(regexp_replace({text}, '\\p{{L}}', 'x', 'g'), '\\p{{N}}', '9', 'g')"


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
