"""One field on its way from the columns of a file to the contract's type, as SQL."""

from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.plan import durations, lost_digits, timestamps
from orchestration.landing.read.relations import FileRelation
from orchestration.sources import contract

_MOST_READINGS = 3  # a time is a wall-clock time, one in UTC, or a moment
_WHOLE = r"[+-]?\d+(?:\.0+)?"
_COMMA_NUMBER = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?"
_TRUE = ("true", "t", "yes", "y", "1", "on")
_FALSE = ("false", "f", "no", "n", "0", "off")


@dataclass(frozen=True)
class Field:
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
        """Its name in the contract."""
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


def present(text: str, relation: FileRelation | None = None) -> str:
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


def computed(field: Field) -> str:
    """The expression; one that fails on a value costs that row and not the file."""
    if field.is_sure:
        return f"{field.expression} AS {sql.name(field.name)}"
    return f"TRY({{'v': ({field.expression}\n)}}) AS {sql.name(field.name)}"


def valued(field: Field) -> str:
    """The value as trimmed text (NULL if blank) after the map, or typed; and whether it failed."""
    own = sql.name(field.name)
    value = own if field.is_sure else f"{own}.v"
    if not field.is_kept_typed:
        if field.raw != "VARCHAR":
            value = f"CAST({value} AS VARCHAR)"
        if not field.is_trimmed:
            value = present(value) if field.is_sure else f"nullif(trim({value}), '')"
        value = _translated(field, value)
    failed = "" if field.is_sure else f", {own} IS NULL AS {work.failed(field.name)}"
    return f"{value} AS {own}{failed}"


def _translated(field: Field, text: str) -> str:
    """The value map; what is missing stays missing, whatever `default` says."""
    if not field.map and not field.has_default:
        return text
    cases = "".join(f" WHEN {text} = {sql.text(k)} THEN {_literal(v)}" for k, v in field.map.items())
    rest = _literal(field.default) if field.has_default else text
    return f"nullif(CASE WHEN {text} IS NULL THEN NULL{cases} ELSE {rest} END, '')"


def _literal(value: str | None) -> str:
    return "NULL" if value is None else sql.text(value.strip())


def parsed(field: Field, zone: str, separator: str) -> str:
    """SQL that turns the value into the field's type; NULL where it cannot."""
    value = sql.name(field.name)
    match field.column.type:
        case "ts" | "date":
            return timestamps.landed(read_columns(field), field.column.type, zone)
        case "list" | "phones" | "ids":
            return _list(field, value, separator)
        case "int":
            # A bare cast would round 1.5 to 2; the usual spelling is found faster than by the pattern.
            (number,) = read_columns(field)
            return (
                f"CASE WHEN CAST({number} AS VARCHAR) = {value} THEN {number} "
                f"WHEN regexp_full_match({value}, '{_WHOLE}') THEN {number} END"
            )
        case "num":
            # The engine takes 1_000 for a number, and words for those that are none.
            number, *spelled = read_columns(field)
            otherwise = "".join(f" WHEN {number} IS NULL THEN {one}" for one in spelled)
            return f"CASE WHEN isfinite({number}) AND NOT contains({value}, '_') THEN {number}{otherwise} END"
        case "bool":
            is_true, is_false = (sql.is_one_of(f"lower({value})", words) for words in (_TRUE, _FALSE))
            return f"CASE WHEN {is_true} THEN true WHEN {is_false} THEN false END"
    return lost_digits.whole(value, field.decimal) if field.column.holds_ids else value


def read(fields: Iterable[Field], rows: str) -> str:
    """SQL of rows with the columns of `_readings`, each made only of what those before it could not be."""
    for i in range(_MOST_READINGS):
        columns = ""
        for field in fields:
            found, names = _readings(field)[i : i + 1], read_columns(field)
            if any(found):
                unread = " AND ".join(f"{one} IS NULL" for one in names[:i] if one)
                read = f"CASE WHEN {unread} THEN {found[0]} END" if unread else found[0]
                columns += f", {read} AS {names[i]}"
        rows = f"(SELECT *{columns} FROM {rows})" if columns else rows
    return rows


def read_columns(field: Field) -> tuple[str, ...]:
    """Names of the columns that hold the readings of a value; empty for one that it cannot have."""
    return tuple(work.reading(i, field.name) if read else "" for i, read in enumerate(_readings(field)))


def _readings(field: Field) -> tuple[str, ...]:
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


def _list(field: Field, value: str, separator: str) -> str:
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


def is_nothing(field: Field) -> str:
    """SQL of whether the file has no value; nothing is looked for in what was read."""
    if not field.untrimmed:
        return f"({field.text} IS NULL)"
    return f"CASE WHEN {work.parsed(field.name)} IS NULL THEN {field.text} IS NULL ELSE false END"


def listed(conditions: dict[str, str]) -> str:
    """SQL of the names of the fields whose condition holds, with commas between; NULL where none does."""
    if not conditions:
        return "CAST(NULL AS VARCHAR)"
    names = ", ".join(f"CASE WHEN {asked} THEN {sql.text(name)} END" for name, asked in conditions.items())
    return f"CASE WHEN {' OR '.join(conditions.values())} THEN concat_ws(',', {names}) END"
