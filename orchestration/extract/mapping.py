"""From a source's mapping to SQL: typed fields, and a flag on every row that does not fit."""

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.extract import contract, privacy, sql
from orchestration.extract.reading import Readable
from orchestration.extract.sources import EPOCH_FORMATS, Feed, Scalar, Source

_OFFSET = r"\d{2}:\d{2}.*(Z|z|[+-]\d{2}(:?\d{2})?)$"
_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")


@dataclass(frozen=True)
class Compiled:
    """SQL of one feed over one file.

    `landed` yields the raw table's columns plus `_bad`; `faults` yields one row per fault of the
    bad rows: record (1-based among the parsed rows), column, reason, masked value.
    """

    landed: str
    faults: str
    count_all: str
    has_filter: bool
    missing: tuple[str, ...]
    relation: str
    rejecting_relation: str

    def storing_rejects(self, query: str) -> str:
        """The same query, keeping the lines that the reader skips."""
        return query.replace(self.relation, self.rejecting_relation)


def missing_columns(feed: Feed, columns: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """File columns that each field (or `where`) reads and the file does not have."""
    present = {name.lower() for name in columns}
    gaps = {
        field: tuple(c for c in read if c.lower() not in present) for field, read in feed.columns.items()
    }
    return {field: absent for field, absent in gaps.items() if absent}


def compile_feed(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    file_set: str,
    feed: Feed,
    readable: Readable,
    *,
    file_name: str,
    delivery_id: str,
    delivered_at: datetime,
) -> Compiled:
    """Builds the SQL that lands one feed of one file.

    Raises:
        duckdb.Error: an expression does not bind to the file's columns.
    """
    options = source.document.files[file_set]
    gaps = missing_columns(feed, readable.types)
    missing = sorted({column for columns in gaps.values() for column in columns})
    chosen = _nulled(feed, readable, missing)
    relation = readable.relation()
    rows = f"(SELECT {chosen} FROM {relation})"
    counted = f"(SELECT *, row_number() OVER () AS _record FROM {rows})"
    fields = list(feed.mappings)
    raw = ", ".join(f"({feed.mappings[f].expression}\n) AS {sql.name(f)}" for f in fields)
    where = f" WHERE ({feed.where}\n)" if feed.where else ""
    described = connection.execute(f"DESCRIBE SELECT {raw} FROM {rows}").fetchall()
    types = {row[0]: row[1] for row in described}

    zone = source.zone(file_set)
    parse = {f: _parse(feed, f, types[f], zone, options.dates, options.decimal, options.list_separator) for f in fields}
    mapped = ", ".join(f"{_map_values(feed, f, types[f])} AS {sql.name(f)}" for f in fields)
    parsed = ", ".join(f"{parse[f]} AS {sql.name('=' + f)}" for f in fields)

    def staged(base: str, extra: str = "") -> str:
        return (
            f"(SELECT *, {parsed} FROM (SELECT {mapped}{extra} FROM "
            f"(SELECT {raw}{extra} FROM {base}{where})))"
        )

    faults = _faults(feed, delivered_at)
    bad = " OR ".join(condition for _, condition, _ in faults) or "false"
    system = {
        "source_instance": sql.text(source.instance),
        "centre": sql.text(source.centre),
        "_source_file": sql.text(file_name),
        "_delivery_id": sql.text(delivery_id),
        "_delivered_at": f"TIMESTAMP {sql.text(delivered_at.strftime('%Y-%m-%d %H:%M:%S'))}",
    }
    columns = _landed_columns(source, feed) | system
    select = ", ".join(f"CAST({columns[c]} AS {t}) AS {sql.name(c)}" for c, t in feed.entity.landed.items())
    listed = ", ".join(
        f"CASE WHEN {condition} THEN {{'column': {sql.text(column)}, 'reason': {sql.text(reason)}, "
        f"'masked': {_masked(column)}}} END"
        for column, condition, reason in faults
    )
    return Compiled(
        landed=f"SELECT {select}, ({bad}) AS _bad FROM {staged(rows)}",
        faults=(
            f"SELECT _record, unnest(list_filter([{listed}], lambda x: x IS NOT NULL), recursive := true) "
            f"FROM {staged(counted, ', _record')} WHERE {bad}"
        ),
        count_all=f"SELECT count(*) FROM {relation}",
        has_filter=bool(feed.where),
        missing=tuple(missing),
        relation=relation,
        rejecting_relation=readable.relation(rejects=True),
    )


def _nulled(feed: Feed, readable: Readable, missing: list[str]) -> str:
    referenced = feed.referenced()
    selected = []
    nulls = ", ".join(sql.text(n.strip()) for n in readable.options.nulls)
    for column, column_type in readable.types.items():
        if column.lower() not in referenced:
            continue
        quoted = sql.name(column)
        if column_type == "VARCHAR" and nulls:
            selected.append(f"CASE WHEN trim({quoted}) IN ({nulls}) THEN NULL ELSE {quoted} END AS {quoted}")
        else:
            selected.append(quoted)
    selected += [f"CAST(NULL AS VARCHAR) AS {sql.name(c)}" for c in missing]
    return ", ".join(selected) or "NULL AS _nothing"


def _literal(value: Scalar) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return sql.text("true" if value else "false")
    return sql.text(str(value))


def _map_values(feed: Feed, name: str, column_type: str) -> str:
    mapping, quoted = feed.mappings[name], sql.name(name)
    if not mapping.map and not mapping.has_otherwise:
        return quoted
    as_text = f"trim(CAST({quoted} AS VARCHAR))"
    cases = " ".join(f"WHEN {sql.text(k)} THEN {_literal(v)}" for k, v in mapping.map.items())
    rest = _literal(mapping.otherwise) if mapping.has_otherwise else as_text
    return f"CASE {as_text} {cases} ELSE {rest} END" if cases else f"CAST({rest} AS VARCHAR)"


def _parse(
    feed: Feed, name: str, expression_type: str, zone: str, dates: list[str], decimal: str, separator: str
) -> str:
    """SQL that turns the mapped value into the field's type; NULL where it cannot."""
    mapping = feed.mappings[name]
    column = feed.entity.columns[name]
    value = sql.name(name)
    is_mapped = bool(mapping.map) or mapping.has_otherwise
    source_type = "VARCHAR" if is_mapped else expression_type
    if source_type != "VARCHAR" and column.type in ("ts", "date"):
        return _typed_time(value, source_type, column.type, zone)
    if column.type in ("list", "phones"):
        return _list(value, source_type, separator)
    text = f"trim(CAST({value} AS VARCHAR))"
    if column.type in ("id", "text", "phone"):
        return f"nullif({text}, '')"
    if column.type == "int":
        # A bare cast would round 1.5 to 2.
        whole = rf"regexp_full_match({text}, '[+-]?\d+(\.0+)?')"
        return f"CASE WHEN {whole} THEN TRY_CAST(TRY_CAST({text} AS DECIMAL(38, 6)) AS BIGINT) END"
    if column.type == "num":
        number = f"replace(replace({text}, '.', ''), ',', '.')" if decimal == "," else text
        finite = f"TRY_CAST({number} AS DOUBLE)"
        return f"CASE WHEN isfinite({finite}) THEN {finite} END"
    if column.type == "bool":
        yes, no = (", ".join(map(sql.text, words)) for words in (_TRUE, _FALSE))
        return f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END"
    return _text_time(text, column.type, zone, mapping.dates or dates)


def _typed_time(value: str, source_type: str, target: str, zone: str) -> str:
    if source_type in ("BIGINT", "INTEGER", "DOUBLE", "HUGEINT", "UBIGINT"):
        return "NULL"  # a number is a time only by the formats epoch and epoch_ms
    if source_type.startswith("TIMESTAMP WITH"):
        stamp = f"timezone('UTC', {value})"
    elif source_type.startswith("TIMESTAMP"):
        stamp = _utc(f"CAST({value} AS TIMESTAMP)", zone)
    else:
        stamp = _utc(f"TRY_CAST({value} AS TIMESTAMP)", zone)
    return f"TRY_CAST({value} AS DATE)" if target == "date" else stamp


def _utc(stamp: str, zone: str) -> str:
    if zone in ("UTC", "Etc/UTC"):
        return stamp
    return f"timezone('UTC', timezone({sql.text(zone)}, {stamp}))"


def _text_time(text: str, target: str, zone: str, formats: list[str]) -> str:
    epochs = [one for one in formats if one in EPOCH_FORMATS]
    patterns = [one for one in formats if one not in EPOCH_FORMATS]
    parts = []
    if epochs:
        divisor = 1 if epochs[0] == "epoch" else 1000
        parts.append(f"timezone('UTC', to_timestamp(TRY_CAST({text} AS DOUBLE) / {divisor}))")
    naive = [one for one in patterns if "%z" not in one]
    zoned = [one for one in patterns if "%z" in one]
    if naive:
        stamp = f"try_strptime({text}, {sql.texts(naive)})"
        parts.append(stamp if target == "date" else _utc(stamp, zone))
    if zoned:
        stamp = f"timezone('UTC', try_strptime({text}, {sql.texts(zoned)}))"
        parts.append(stamp)
    if not parts:
        if target == "date":
            return f"TRY_CAST({text} AS DATE)"
        # try_strptime and casts of stamps without a zone read them as they stand
        aware = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
        plain = _utc(f"TRY_CAST({text} AS TIMESTAMP)", zone)
        return f"CASE WHEN regexp_matches({text}, '{_OFFSET}') THEN {aware} ELSE {plain} END"
    joined = parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"
    return f"CAST({joined} AS DATE)" if target == "date" else joined


def _list(value: str, source_type: str, separator: str) -> str:
    if source_type.endswith("[]"):
        items = f"CAST({value} AS VARCHAR[])"
    else:
        text = f"trim(CAST({value} AS VARCHAR))"
        items = (
            f"CASE WHEN {text} LIKE '[%]' AND json_valid({text}) THEN from_json({text}, '[\"VARCHAR\"]') "
            f"ELSE string_split({text}, {sql.text(separator)}) END"
        )
    trimmed = f"list_transform({items}, lambda x: nullif(trim(x), ''))"
    return f"CASE WHEN {value} IS NOT NULL THEN list_filter({trimmed}, lambda x: x IS NOT NULL) END"


def _faults(feed: Feed, delivered_at: datetime) -> list[tuple[str, str, str]]:
    """(field, condition, reason) of everything that sends a row to quarantine."""
    faults: list[tuple[str, str, str]] = []
    for name in feed.mappings:
        column = feed.entity.columns[name]
        raw, parsed = sql.name(name), sql.name("=" + name)
        if column.is_required:
            faults.append((name, f"{raw} IS NULL", "required value is missing"))
        if column.type in ("ts", "date", "int", "num", "bool"):
            reason = f"cannot be read as {_READABLE_TYPES[column.type]}"
            faults.append((name, f"({raw} IS NOT NULL AND {parsed} IS NULL)", reason))
        elif column.is_required:
            faults.append((name, f"({raw} IS NOT NULL AND {parsed} IS NULL)", "required value is blank"))
        if name == feed.entity.event_at:
            limit = f"TIMESTAMP {sql.text(delivered_at.strftime('%Y-%m-%d %H:%M:%S'))}"
            faults.append((name, f"coalesce({parsed} > {limit}, false)", "dated later than its delivery"))
    return faults


_READABLE_TYPES = {
    "ts": "a date and time",
    "date": "a date",
    "int": "a whole number",
    "num": "a number",
    "bool": "yes or no",
}


def _masked(column: str) -> str:
    """Shape of a value without its content: letters become x, digits 9, at most 40 characters."""
    text = f"left(CAST({sql.name(column)} AS VARCHAR), 40)"
    return f"regexp_replace(regexp_replace({text}, '\\p{{L}}', 'x', 'g'), '\\p{{N}}', '9', 'g')"


def _landed_columns(source: Source, feed: Feed) -> dict[str, str]:
    """SQL of every landed column of the entity: parsed, hashed where the contract says so."""
    region = sql.text(source.document.phone_region)
    columns: dict[str, str] = {}
    for name, column in feed.entity.columns.items():
        if column.pii == "drop":
            continue
        value = sql.name("=" + name) if name in feed.mappings else "NULL"
        columns[name] = _protected(source.centre, column, value, region)
        if column.type == "phone":
            columns[f"{name}_status"] = f"phone_status({value}, {region})" if name in feed.mappings else "NULL"
    return columns


def _protected(centre: str, column: contract.Column, value: str, region: str) -> str:
    if value == "NULL":
        return value
    if column.type == "phone":
        return privacy.hashed(f"phone:{centre}", f"phone_e164({value}, {region})")
    if column.type == "phones":
        each = privacy.hashed(f"phone:{centre}", f"phone_e164(x, {region})")
        return f"list_filter(list_transform({value}, lambda x: {each}), lambda x: x IS NOT NULL)"
    if column.pii != "hash":
        return value
    if column.type == "list":
        each = privacy.hashed(f"email:{centre}", "lower(x)")
        return f"list_transform({value}, lambda x: {each})"
    return privacy.hashed(f"customer:{centre}", value)
