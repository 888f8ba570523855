"""From a source's mapping to SQL: typed fields, and a flag on every row that does not fit."""

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from orchestration.extract import contract, moments, privacy, reading, sql
from orchestration.extract.reading import Readable
from orchestration.extract.sources import Feed, FileSet, Source, cannot_fail

_WHOLE = r"[+-]?\d+(?:\.0+)?"
_COMMA_NUMBER = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?"
_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")


_RECORD = sql.name("?record")
_FITS = sql.name("?fits")
_WHOLE_RECORD = "(record)"  # stands for a column in faults that are of no single one
# Which file a row is from travels with it, under names that no file can use for its own columns.
_ORIGIN = {column: sql.name(f"?{column}") for column in reading.ORIGIN}


@dataclass(frozen=True)
class Compiled:
    """SQL of one feed over the files of a readable.

    `landed` yields the columns that the feed fills plus `_bad`; `faults` yields one row per fault of the
    bad rows: delivery id, record (1-based among all parsed records), column, reason, masked value.
    `count_all` yields delivery id and number of rows before any filter, of each file that has some.
    """

    landed: str
    faults: str
    count_all: str
    is_every_record: bool
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Field:
    """One field on its way from the file's columns to the contract's type.

    `raw` is the type of the expression, `is_sure` says that computing it cannot fail, `is_trimmed` that it
    is text without blanks around it.
    """

    column: contract.Column
    expression: str
    raw: str
    is_sure: bool
    is_trimmed: bool
    map: dict[str, str | None]
    has_otherwise: bool
    otherwise: str | None
    formats: list[str]

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_kept_typed(self) -> bool:
        """Times and lists of typed files; everything else goes through text, one way for all formats."""
        if self.map or self.has_otherwise:
            return False
        if self.column.type in ("ts", "date"):
            return self.raw == "DATE" or self.raw.startswith("TIMESTAMP")
        return self.column.type in ("list", "phones") and self.raw.endswith("[]")


def missing_columns(feed: Feed, readable: Readable) -> dict[str, tuple[str, ...]]:
    """File columns that each field (or `where`) reads and the file does not have.

    JSON leaves out what is empty: of several keys that a field reads, one is enough.
    """
    present = {sql.folded(name) for name in readable.types}
    gaps = {
        field: tuple(c for c in read if sql.folded(c) not in present)
        for field, read in feed.columns.items()
        if not feed.is_optional(field)
    }
    return {
        field: absent
        for field, absent in gaps.items()
        if absent and not (readable.options.is_json and len(absent) < len(feed.columns[field]))
    }


def compile_feed(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    file_set: str,
    feed: Feed,
    readable: Readable,
) -> Compiled:
    """Builds the SQL that lands one feed of one or more files.

    Raises:
        duckdb.Error: an expression does not bind to the files' columns.
    """
    options = source.document.files[file_set]
    zone = source.zone(file_set)
    gaps = missing_columns(feed, readable)
    rows = _rows(feed, readable)
    fields = _fields(connection, feed, options, readable, rows)

    computed = ", ".join(_computed(field) for field in fields)
    valued = ", ".join(_valued(field) for field in fields)
    parsed = ", ".join(
        f"{_parsed(field, zone, options.decimal, options.list_separator)} AS {sql.name('=' + field.name)}"
        for field in fields
    )
    stamped = "".join(
        f", {stamp} AS {sql.name(mark + field.name)}"
        for field in fields
        for mark, stamp in _stamps(field).items()
        if stamp
    )
    where = f" WHERE ({feed.where}\n)" if feed.where else ""
    carried = ", ".join([*_ORIGIN.values(), *([_FITS] if readable.is_loose else [])])

    def staged(base: str, extra: str = "") -> str:
        return (
            f"(SELECT *, {parsed} FROM (SELECT *{stamped} FROM (SELECT {valued}, {carried}{extra} FROM "
            f"(SELECT {computed}, {carried}{extra} FROM {base}{where}))))"
        )

    faults = _faults(feed, fields)
    if readable.is_loose:
        faults.append(
            (_WHOLE_RECORD, f"NOT {_FITS}", "a value is of another kind than this export has there")
        )
    bad = " OR ".join(condition for _, condition, _ in faults) or "false"
    columns = _landed_columns(source, feed) | {
        "source_instance": sql.text(source.instance),
        "centre": sql.text(source.centre),
        **_ORIGIN,
    }
    landed = feed.table.landed
    select = ", ".join(f"CAST({value} AS {landed[c]}) AS {sql.name(c)}" for c, value in columns.items())
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'column': {sql.text(column)}, 'reason': {sql.text(reason)}, "
        f"'masked': {_masked(column)}}} END"
        for column, condition, reason in faults
    )
    origin = _ORIGIN["_delivery_id"]
    return Compiled(
        landed=f"SELECT {select}, ({bad}) AS _bad FROM {staged(rows)}",
        faults=(
            f"SELECT {origin}, {_RECORD}, "
            f"unnest(list_filter([{listed}], lambda x: x IS NOT NULL), recursive := true) "
            f"FROM {staged(_rows(feed, readable, is_numbered=True), f', {_RECORD}')} WHERE {bad}"
        ),
        count_all=f"SELECT {origin}, count(*) FROM {rows} GROUP BY ALL",
        is_every_record=not feed.where and not feed.table.rows,
        missing=tuple(sorted({column for columns in gaps.values() for column in columns})),
    )


def _rows(feed: Feed, readable: Readable, *, is_numbered: bool = False) -> str:
    """The rows that a table is made of: the records of the files, or the items of lists in them.

    Of a record that does not fit its shape one row is left, so that it is told of once.
    """
    rows = readable.rows(_chosen(feed, readable), _RECORD if is_numbered else "")
    for alias, found in feed.table.rows.items():
        items = f"CASE WHEN {_FITS} THEN {found} ELSE [NULL] END" if readable.is_loose else found
        rows = (
            f"(SELECT *, unnest({items}) AS {sql.name(alias)}, "
            f"generate_subscripts({items}, 1) AS {sql.name(alias + '_no')} FROM {rows})"
        )
    return rows


def _chosen(feed: Feed, readable: Readable) -> list[str]:
    """The columns that the feed reads, text trimmed, with the file's words for nothing as NULL."""
    referenced = feed.referenced()
    nulls = sorted({word.strip() for word in readable.options.nulls} - {""})
    selected = [
        f"{_present(c, nulls, has_blanks=not readable.is_delimited)} AS {c}"
        if column_type == "VARCHAR"
        else c
        for name, column_type in readable.types.items()
        if name.lower() in referenced and (c := sql.name(name))
    ]
    known = {sql.folded(name) for name in readable.types}
    absent = {c for read in feed.columns.values() for c in read if sql.folded(c) not in known}
    selected += [
        f"CAST(NULL AS {readable.shapes[c].duckdb_type if c in readable.shapes else 'VARCHAR'}) "
        f"AS {sql.name(c)}"
        for c in sorted(absent)
    ]
    if readable.is_loose:
        selected.append(_FITS)
    return selected


def _present(text: str, nulls: Iterable[str] = (), *, has_blanks: bool = True) -> str:
    """Trimmed text, NULL for one of the words for nothing; empty text is NULL already where it has none."""
    # Hardly any value needs trimming, and looking for blanks costs a fifth of removing them.
    trimmed = f"CASE WHEN {text} LIKE ' %' OR {text} LIKE '% ' THEN nullif(trim({text}), '') ELSE {text} END"
    for word in [*([""] if has_blanks else []), *nulls]:
        trimmed = f"nullif({trimmed}, {sql.text(word)})"
    return trimmed


def _fields(
    connection: duckdb.DuckDBPyConnection, feed: Feed, options: FileSet, readable: Readable, rows: str
) -> list[_Field]:
    types = {sql.folded(name): column_type for name, column_type in readable.types.items()}
    raw: dict[str, str] = {}
    for name, mapping in feed.mappings.items():
        columns = feed.columns[name]
        if len(columns) == 1 and mapping.expression in (columns[0], sql.name(columns[0])):
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
    return [
        _Field(
            column=feed.table.columns[name],
            expression=mapping.expression,
            raw=raw[name],
            is_sure=name in is_sure,
            is_trimmed=name in is_trimmed,
            map=mapping.map,
            has_otherwise=mapping.has_otherwise,
            otherwise=mapping.otherwise,
            formats=mapping.dates or options.dates,
        )
        for name, mapping in feed.mappings.items()
    ]


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
    failed = "" if field.is_sure else f", {own} IS NULL AS {sql.name('!' + field.name)}"
    return f"{value} AS {own}{failed}"


def _translated(field: _Field, text: str) -> str:
    """The value map; what is missing stays missing, whatever `otherwise` says."""
    if not field.map and not field.has_otherwise:
        return text
    cases = "".join(f" WHEN {text} = {sql.text(k)} THEN {_literal(v)}" for k, v in field.map.items())
    rest = _literal(field.otherwise) if field.has_otherwise else text
    return f"nullif(CASE WHEN {text} IS NULL THEN NULL{cases} ELSE {rest} END, '')"


def _literal(value: str | None) -> str:
    return "NULL" if value is None else sql.text(value.strip())


# ---------------------------------------------------------------- from value to type


def _parsed(field: _Field, zone: str, decimal: str, separator: str) -> str:
    """SQL that turns the value into the field's type; NULL where it cannot."""
    value = sql.name(field.name)
    match field.column.type:
        case "ts" | "date":
            wall, utc, instant = (
                sql.name(mark + field.name) if stamp else "" for mark, stamp in _stamps(field).items()
            )
            return moments.landed((wall, utc, instant), field.column.type, zone)
        case "list" | "phones":
            return _list(field, value, separator)
        case "int":  # a bare cast would round 1.5 to 2
            return f"CASE WHEN regexp_full_match({value}, '{_WHOLE}') THEN TRY_CAST({value} AS BIGINT) END"
        case "num":
            return _number(value, decimal if field.raw == "VARCHAR" else ".")
        case "bool":
            yes, no = (", ".join(map(sql.text, words)) for words in (_TRUE, _FALSE))
            return (
                f"CASE WHEN lower({value}) IN ({yes}) THEN true WHEN lower({value}) IN ({no}) THEN false END"
            )
    return value


def _stamps(field: _Field) -> dict[str, str]:
    """What a time may be, by the mark of a column in between: `~` on a wall clock, `#` UTC, `@` a moment."""
    if field.column.type not in ("ts", "date"):
        return {}
    value_type = field.raw if field.is_kept_typed else "VARCHAR"
    return dict(zip("~#@", moments.read(sql.name(field.name), value_type, field.formats), strict=True))


def _number(text: str, decimal: str) -> str:
    if decimal == ",":
        plain = f"replace(replace({text}, '.', ''), ',', '.')"
        number = (
            f"CASE WHEN regexp_full_match({text}, '{_COMMA_NUMBER}') THEN TRY_CAST({plain} AS DOUBLE) END"
        )
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    # The engine takes 1_000 for a number, and words for those that are none.
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) AND NOT contains({text}, '_') THEN {number} END"


def _list(field: _Field, value: str, separator: str) -> str:
    if field.is_kept_typed:
        items = f"CAST({value} AS VARCHAR[])"
    else:
        items = (
            f"CASE WHEN {value} LIKE '[%]' AND json_valid({value}) THEN from_json({value}, '[\"VARCHAR\"]') "
            f"ELSE string_split({value}, {sql.text(separator)}) END"
        )
    trimmed = f"list_transform({items}, lambda x: nullif(trim(x), ''))"
    return f"CASE WHEN {value} IS NOT NULL THEN list_filter({trimmed}, lambda x: x IS NOT NULL) END"


# ---------------------------------------------------------------- faults


_READABLE_TYPES = {
    "ts": "a date and time",
    "date": "a date",
    "int": "a whole number",
    "num": "a number",
    "bool": "yes or no",
}


def _faults(feed: Feed, fields: list[_Field]) -> list[tuple[str, str, str]]:
    """(field, condition, reason) of everything that sends a row to quarantine."""
    faults: list[tuple[str, str, str]] = []
    for field in fields:
        value, parsed = sql.name(field.name), sql.name("=" + field.name)
        if not field.is_sure:
            faults.append((field.name, sql.name("!" + field.name), "the expression fails on this row"))
        if field.column.is_required:
            sure = "" if field.is_sure else f" AND NOT {sql.name('!' + field.name)}"
            faults.append((field.name, f"({value} IS NULL{sure})", "required value is missing"))
        if field.column.type in _READABLE_TYPES:
            reason = f"cannot be read as {_READABLE_TYPES[field.column.type]}"
            faults.append((field.name, f"({value} IS NOT NULL AND {parsed} IS NULL)", reason))
        if field.name == feed.table.event_at:
            delivery = _ORIGIN["_delivered_at"]
            faults.append(
                (field.name, f"coalesce({parsed} > {delivery}, false)", "dated later than its delivery")
            )
    return faults


def _masked(column: str) -> str:
    """Shape of a value without its content: letters become x, digits 9, at most 40 characters."""
    if column == _WHOLE_RECORD:
        return "''"
    text = f"left(CAST({sql.name(column)} AS VARCHAR), 40)"
    return f"regexp_replace(regexp_replace({text}, '\\p{{L}}', 'x', 'g'), '\\p{{N}}', '9', 'g')"


# ---------------------------------------------------------------- landed columns


def _landed_columns(source: Source, feed: Feed) -> dict[str, str]:
    """SQL of every column that the feed fills: parsed, hashed where the contract says so.

    Those it does not fill are left to the view over the parts.
    """
    region = sql.text(source.document.phone_region)
    columns: dict[str, str] = {}
    for name, column in feed.table.columns.items():
        if column.pii == "drop" or name not in feed.mappings:
            continue
        value = sql.name("=" + name)
        columns[name] = _protected(source.centre, column, value, region)
        if column.type == "phone":
            columns[f"{name}_status"] = f"phone_status({value}, {region})"
    return columns


def _protected(centre: str, column: contract.Column, value: str, region: str) -> str:
    if column.type == "phone":
        return privacy.hashed(f"phone:{centre}", f"phone_e164({value}, {region})")
    if column.type == "email":
        return privacy.hashed(f"email:{centre}", privacy.address(value))
    if column.type == "phones":
        each = privacy.hashed(f"phone:{centre}", f"phone_e164(x, {region})")
        return f"list_filter(list_transform({value}, lambda x: {each}), lambda x: x IS NOT NULL)"
    if column.pii != "hash":
        return value
    if column.type == "list":
        each = privacy.hashed(f"email:{centre}", privacy.address("x"))
        return f"list_transform({value}, lambda x: {each})"
    return privacy.hashed(f"customer:{centre}", value)
