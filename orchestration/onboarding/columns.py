"""The columns of a file as its first records show them."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import duckdb

from orchestration.base import engine, sql
from orchestration.base.text import plain
from orchestration.landing.plan import durations
from orchestration.landing.read.relations import FileRelation
from orchestration.onboarding import vocabulary
from orchestration.onboarding.dates import date_readings

SAMPLE_RECORDS = 5_000
MAX_VALUE = 60  # longer values on average are prose
HALF, MOSTLY = 0.5, 0.9
_MAX_CATEGORIES = 12  # more distinct values than this are no list to map one by one
_MAX_SHOWN = 40
_MAX_COLUMNS = 500
_MAX_NESTED_KEYS = 60
_MAX_DEPTH = 3
NAMELESS = "column_"
"""What the columns of a file without names are called, before their number."""
_SPELLED_DURATION = "|".join(
    re.sub(r"\?P<\w+>", "?:", one) for one in (durations.CLOCK, durations.units("."), durations.units(","))
)
_TWO_NAMES = r"[^\W\d_]+,? [^\W\d_]+"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?"


@dataclass(frozen=True)
class Column:
    """A column of the file, or a key inside a column of JSON objects, as the sample shows it."""

    label: str
    expression: str
    values: tuple[str, ...]  # filled ones, in order
    n_records: int
    readings: list[list[str]] = field(default_factory=list)
    parts: tuple[str, ...] = ()  # labels of the columns that it is made of
    cells: tuple[str | None, ...] = ()  # of every record, None where it has no value

    @cached_property
    def counts(self) -> Counter[str]:
        """Distinct values and how often each occurs."""
        return Counter(v.strip() for v in self.values)

    @property
    def filled_share(self) -> float:
        """Share of records with a value."""
        return len(self.values) / self.n_records if self.n_records else 0.0

    def share(self, pattern: str) -> float:
        """Share of distinct values of a shape."""
        matches = re.compile(pattern).fullmatch
        return sum(1 for v in self.counts if matches(v)) / len(self.counts) if self.counts else 0.0

    @property
    def is_epoch(self) -> bool:
        """Whether the values are seconds or milliseconds since 1970."""
        return bool(self.readings) and self.readings[0][:1] in (["epoch"], ["epoch_ms"])

    @property
    def is_day(self) -> bool:
        """Whether the values are dates; a spreadsheet writes midnight behind them."""
        is_bare = self.share(r"[^:]+") == 1 or self.share(r"\S+ 0?0:00(:00(\.0+)?)?") == 1
        return bool(self.readings) and not self.is_epoch and is_bare

    @cached_property
    def phrase(self) -> tuple[str, ...]:
        """The name in words."""
        return words_of(self.label)

    @cached_property
    def phrases(self) -> list[tuple[tuple[str, ...], float]]:
        """The name as it stands, without words that loaders add, and the innermost key of an object."""
        found = [(self.phrase, 1.0)]
        words = self.phrase[1:] if self.phrase[:1] in (("u",), ("sys",)) else self.phrase
        words = words[:-1] if words[-1:] in (("c",), ("value",), ("utc",)) else words
        if words and words != self.phrase:
            found.append((words, 0.97))
        innermost = words_of(self.label.rpartition(".")[2])
        if innermost != self.phrase and innermost and innermost[0] not in vocabulary.NAMELESS:
            found.append((innermost, 0.94))
        return found

    @cached_property
    def has_personal_name(self) -> bool:
        """Whether people, contact data or free text stand under such a name."""
        return bool(set(self.phrase) & vocabulary.PERSONAL) or self.phrase in vocabulary.PERSONAL_PHRASES

    @cached_property
    def has_personal_values(self) -> bool:
        """Whether the values look like people, addresses, numbers or prose."""
        return self.share(_TWO_NAMES) > HALF or any(
            "@" in v or len(v) > _MAX_SHOWN or 2 * sum(map(str.isdigit, v)) > len(v) > 1 for v in self.counts
        )

    @property
    def is_nameless(self) -> bool:
        """Whether the file gives no name, so that only the values show what the column holds."""
        return re.fullmatch(rf"{NAMELESS}\d+", self.label) is not None

    @cached_property
    def duration_kind(self) -> str:
        """What the column's name says to last: the `whole` call, `talk`, what is `before` it, or `other`."""
        words = set(self.phrase)
        kinds = vocabulary.DURATIONS.items()
        found = {kind for kind, phrases in kinds if any(words.issuperset(phrase) for phrase in phrases)}
        return next((kind for kind in ("other", "before", "talk", "whole") if kind in found), "")

    @cached_property
    def is_spelled_duration(self) -> bool:
        """Whether the values are durations such as `00:06:12` or `6 min 12 s`."""
        return self.share(rf"(?i:{_SPELLED_DURATION})") > MOSTLY

    @property
    def is_number(self) -> bool:
        """Whether the values are plain numbers."""
        return self.share(r"[+-]?\d+([.,]\d+)?") > MOSTLY

    @cached_property
    def phone_share(self) -> float:
        """Share of values that somebody could be called at."""
        return sum(1 for value in self.counts if _is_phone(value)) / len(self.counts) if self.counts else 0.0

    @cached_property
    def is_phone(self) -> bool:
        """Whether the values are numbers of telephones: by their marks, or by digits under such a name."""
        if self.readings or self.phone_share <= HALF:
            return False
        is_marked = self.share(r"\s*(sip:|tel:)?(\+|00).*|.*\d[\s()/-]+\(?\d.*") > HALF
        words = set(self.phrase)
        is_called_so = bool(words & (vocabulary.CALLING | vocabulary.CALLED | vocabulary.PHONES)) or (
            bool(words & vocabulary.CUSTOMER_END) and bool(words & vocabulary.PARTIES)
        )
        return is_marked or is_called_so or (self.is_nameless and not self.is_serial)

    @property
    def is_unique(self) -> bool:
        """Whether every record has a value of its own."""
        return 0 < len(self.counts) == self.n_records

    @property
    def is_serial(self) -> bool:
        """Whether numbers only rise, or only fall, from record to record."""
        numbers = [int(v) for v in self.values if v.strip().isdigit()]
        ups = {a < b for a, b in itertools.pairwise(numbers)}
        return len(numbers) == self.n_records and len(ups) == 1 and self.is_unique

    @property
    def is_short(self) -> bool:
        """Whether the values are a short list that repeats."""
        n = len(self.counts)
        return 0 < n <= _MAX_CATEGORIES and len(self.values) >= 2 * n


def _is_phone(value: str) -> bool:
    is_spelled = re.fullmatch(r"(?i:sip:|tel:)?\s*\+?[\d\s()./-]{7,24}(@\S+)?", value)
    return is_spelled is not None and 7 <= sum(map(str.isdigit, value)) <= 15  # noqa: PLR2004 - by E.164


def words_of(name: str) -> tuple[str, ...]:
    """Plain words of a column name: `CaseId`, `case_id` and `Case ID` are one."""
    spaced = re.sub(r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-zß-ÿ])(?=[A-Z])", " ", name)
    return tuple(word for word in re.split(r"[\W_]+", plain(spaced.replace("#", " number "))) if word)


def read_sample(
    connection: duckdb.DuckDBPyConnection, relation: FileRelation
) -> list[tuple[str | None, ...]]:
    """The first records of a file as text."""
    names = list(relation.types)[:_MAX_COLUMNS]
    selected = ", ".join(_as_text(name, relation.types[name]) for name in names)
    query = f"SELECT {selected} FROM {relation.relation()} LIMIT {SAMPLE_RECORDS}"
    return connection.execute(query).fetchall()


def read_columns(
    connection: duckdb.DuckDBPyConnection,
    relation: FileRelation,
    rows: list[tuple[str | None, ...]],
    nulls: list[str],
) -> list[Column]:
    """The columns of a file, keys of JSON objects and moments made of two columns included."""
    names = list(relation.types)[:_MAX_COLUMNS]
    columns: list[Column] = []
    for i, name in enumerate(names):
        kind = relation.types[name]
        cells = tuple(_cell(row[i], nulls) for row in rows)
        values = tuple(cell for cell in cells if cell is not None)
        expression = expression_of(name)
        is_object = kind.startswith("STRUCT") or _is_object(values)
        if is_object:
            base = f"to_json({expression})" if kind.startswith("STRUCT") else expression
            columns += _nested(connection, Column(name, base, values, len(rows)), nulls)
            continue
        readings = date_readings(connection, values)
        if kind in ("BIGINT", "INTEGER", "DOUBLE", "HUGEINT", "UBIGINT") and readings:
            expression = f"CAST({expression} AS VARCHAR)"  # landing reads epochs from text only
        columns.append(Column(name, expression, values, len(rows), readings, cells=cells))
    return [*columns, *_joined_times(connection, columns)]


def _cell(value: str | None, nulls: list[str]) -> str | None:
    return None if value is None or value.strip() in nulls else value


def _as_text(name: str, kind: str) -> str:
    quoted = sql.name(name)
    if kind == "VARCHAR":
        return quoted
    return f"CAST(to_json({quoted}) AS VARCHAR)" if "STRUCT" in kind else f"CAST({quoted} AS VARCHAR)"


@cache
def _keywords() -> frozenset[str]:
    query = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    with engine.connect() as connection:
        return frozenset(row[0] for row in connection.execute(query).fetchall())


def expression_of(name: str) -> str:
    """A column as an expression names it, in quotes where it needs them."""
    is_bare = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
    lowered = name.lower()
    if is_bare and lowered not in _keywords() and not lowered.startswith(("current_", "local", "session_")):
        return name
    return sql.name(name)


def _is_object(values: tuple[str, ...]) -> bool:
    start = values[:50]
    return bool(start) and sum(isinstance(_json(v), dict) for v in start) > 0.8 * len(start)


def _json(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _nested(connection: duckdb.DuckDBPyConnection, column: Column, nulls: list[str]) -> Iterator[Column]:
    """The keys inside a column of JSON objects, each as a column of its own."""
    found: dict[tuple[str, ...], list[str]] = {}
    for value in column.values:
        for path, leaf in _leaves(_json(value), ()):
            if path in found or len(found) < _MAX_NESTED_KEYS:
                found.setdefault(path, []).append(leaf)
    for path, leaves in found.items():
        if all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) for key in path):
            inner = "$." + ".".join(path)
        else:  # a JSON pointer can name any key
            inner = "/" + "/".join(key.replace("~", "~0").replace("/", "~1") for key in path)
        filled = tuple(leaf for leaf in leaves if leaf.strip() not in nulls)
        yield Column(
            ".".join((column.label, *path)),
            f"{column.expression}->>{sql.text(inner)}",
            filled,
            column.n_records,
            date_readings(connection, filled),
        )


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(value, dict) or len(path) > _MAX_DEPTH:
        return
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _leaves(inner, (*path, key))
        elif isinstance(inner, bool):
            yield (*path, key), "true" if inner else "false"
        elif inner is not None and not isinstance(inner, list):
            yield (*path, key), str(inner)


def _joined_times(connection: duckdb.DuckDBPyConnection, columns: list[Column]) -> Iterator[Column]:
    """A time of day beside a lone date column makes a moment: both are offered as one column."""
    days = [c for c in columns if c.is_day and c.filled_share > MOSTLY]
    if not days:
        return
    day = days[0]
    for before, clock in zip([None, *columns], columns, strict=False):
        if clock.share(_CLOCK) < 1 or clock.n_records == 0 or not _is_time_of_day(clock, day, before):
            continue
        is_bare = day.share(r"[^:]+") == 1
        dates = day.cells if is_bare else [d and d.rpartition(" ")[0] for d in day.cells]
        pairs = [f"{d} {t}" if d and t else None for d, t in zip(dates, clock.cells, strict=False)]
        values = tuple(pair for pair in pairs if pair)
        readings = date_readings(connection, values)
        if readings:
            own = day.expression if is_bare else f"split_part({day.expression}, ' ', 1)"
            expression = f"{own} || ' ' || {clock.expression}"
            parts = (day.label, clock.label)
            yield Column(clock.label, expression, values, clock.n_records, readings, parts, tuple(pairs))


def _is_time_of_day(clock: Column, day: Column, before: Column | None) -> bool:
    """Whether clock times beside a day are no durations; those of columns without a name may be the next."""
    is_by_day = clock.share(r"(0?[6-9]|1\d|2[0-3]):.*|.*[AaPp]\.?[Mm]\.?") > HALF
    if clock.is_nameless:
        return before is day and is_by_day
    is_named = bool(set(clock.phrase) & vocabulary.MOMENTS)
    return is_named and (is_by_day if clock.phrase == ("call", "time") else not clock.duration_kind)


def null_tokens(columns: list[Column]) -> tuple[list[str], list[str]]:
    """Tokens that stand for nothing, and seen words of which only a person can say so."""
    seen: Counter[str] = Counter()
    for column in columns:
        seen.update(column.counts.keys() & {*vocabulary.NULLS, *vocabulary.DOUBTFUL_NULLS})
    return ["", *(t for t in vocabulary.NULLS if seen[t])], [t for t in vocabulary.DOUBTFUL_NULLS if seen[t]]
