"""Report of a landing for a person: its figures, how exports changed, and what was quarantined."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import duckdb

from orchestration.base import engine, sql
from orchestration.base.engine import Limits
from orchestration.base.wording import count, listed, share
from orchestration.landing import quarantine
from orchestration.landing.manifest import DeliveryRecord, Manifest
from orchestration.landing.people import protection
from orchestration.settings import Home
from orchestration.sources import contract
from orchestration.sources.connectors import bundle
from orchestration.sources.source_files import Feed, Source

_MOST_COLUMNS = 20
_MOST_FILES = 5
_WIDTH_OF_FILES = 160

_MOST_REASONS = 3
_DIGITS = 12  # of a digest; enough to find it in the manifest


@dataclass(frozen=True)
class Note:
    """One sentence of the report, with lines that explain it."""

    text: str
    details: tuple[str, ...] = ()
    is_warning: bool = False


def figures(deliveries: Sequence[DeliveryRecord], seconds: float) -> str:
    """How much landed, and how fast."""
    n_rows, n_faults = sum(d.n_landed for d in deliveries), sum(d.n_quarantined for d in deliveries)
    megabytes = sum(d.size for d in deliveries) / 1e6
    return (
        f"Landed {count(n_rows, 'row')} from {count(sum(d.is_landed for d in deliveries), 'new file')} "
        f"({megabytes:,.1f} MB, {megabytes / seconds:,.1f} MB/s); {count(n_faults, 'row')} quarantined."
    )


def ignored(deliveries: Sequence[DeliveryRecord]) -> Iterator[Note]:
    """Files beside exports that hold no rows; nothing of them counts as lost."""
    for reason, names in _by_reason((d.file, d.reason) for d in deliveries):
        shown = listed(names, _MOST_FILES, _WIDTH_OF_FILES)
        yield Note(f"Ignored {count(len(names), 'file')} without rows ({reason}): {shown}.")


def postponed(files: Iterable[tuple[str, str]]) -> Iterator[Note]:
    """Files that could not be judged this time, each with the reason."""
    for reason, names in _by_reason(files):
        shown = listed(names, _MOST_FILES, _WIDTH_OF_FILES)
        yield Note(f"Left for the next run: {shown}. The reason: {reason}.", is_warning=True)


def _by_reason(files: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for name, reason in files:
        found.setdefault(reason, []).append(name)
    return list(found.items())


def changes(
    deliveries: Sequence[DeliveryRecord],
    replaced: Iterable[tuple[DeliveryRecord, DeliveryRecord]],
    earlier_deliveries: Iterable[DeliveryRecord] = (),
) -> Iterator[Note]:
    """Replaced files, each beside its earlier delivery, and columns that came or went.

    A column that nobody maps is named when it first comes; those of earlier deliveries are known.
    """
    known = _by_file_set(list(earlier_deliveries))
    for earlier, delivery in replaced:
        yield Note(_replaced(earlier, delivery))
    by_file_set = _by_file_set(deliveries)
    for name, members in by_file_set.items():
        earlier_columns = {column for d in known.get(name, ()) for column in d.columns_extra}
        new = sorted({column for d in members for column in d.columns_extra} - earlier_columns)
        if new:
            shown = listed(new, _MOST_COLUMNS)
            yield Note(f"{name} has columns that no mapping reads: {shown}.")
    for name, members in by_file_set.items():
        yield from _placeholders(name, members)
    for name, members in by_file_set.items():
        yield from _personal(name, members)
    for name, members in by_file_set.items():
        incomplete = [d for d in members if d.columns_missing]
        if incomplete:
            yield Note(_missing_columns(name, incomplete))


def _by_file_set(deliveries: Sequence[DeliveryRecord]) -> dict[str, list[DeliveryRecord]]:
    found: dict[str, list[DeliveryRecord]] = {}
    for delivery in deliveries:
        found.setdefault(f"{delivery.source_instance}/{delivery.file_set}", []).append(delivery)
    return found


def _replaced(earlier: DeliveryRecord, delivery: DeliveryRecord) -> str:
    became = f"digest {earlier.digest[:_DIGITS]} became {delivery.digest[:_DIGITS]}"
    if earlier.is_landed and delivery.is_landed:
        became = f"{count(earlier.n_landed, 'row')} became {delivery.n_landed:,}, {became}"
    return f"{delivery.file} was delivered again: {became}."


def _placeholders(name: str, members: Sequence[DeliveryRecord]) -> Iterator[Note]:
    n_rows: Counter[str] = Counter()
    found: Counter[tuple[str, str]] = Counter()
    for landed in (landed for delivery in members for landed in delivery.counts):
        n_rows[landed.table] += landed.n_landed
        found.update({(landed.table, field): n for field, n in landed.placeholders})
    for (table, field), n in sorted(found.items()):
        field_name, n_all = f"{table.partition('.')[2]}.{field}", n_rows[table]
        rows = f"{n:,} of {count(n_all, 'row')} ({share(n, n_all)})"
        yield Note(
            f"{name}: {field_name} holds a placeholder in {rows}, such as 1970-01-01; they land without it."
        )


def _personal(name: str, members: Sequence[DeliveryRecord]) -> Iterator[Note]:
    """Values with personal data that were hashed or masked; one sentence for each raw table."""
    n_rows: Counter[str] = Counter()
    found: dict[str, Counter[tuple[str, str]]] = {}
    for landed in (landed for delivery in members for landed in delivery.counts):
        n_rows[landed.table] += landed.n_landed
        column_of = _columns_of(landed.table)
        for field, n in landed.personal:
            by_field = found.setdefault(landed.table, Counter())
            by_field[field, protection.treatment(column_of[field]) if field in column_of else "masked"] += n
    for table, by_field in sorted(found.items()):
        fields = [f"{field} in {n:,} ({how})" for (field, how), n in sorted(by_field.items())]
        yield Note(
            f"{name}: values that look like a person's name, address, number or text never land in clear; "
            f"of {count(n_rows[table], 'row')} of {table.partition('.')[2]}: {', '.join(fields)}."
        )


def _columns_of(table: str) -> dict[str, contract.Column]:
    return next((one.columns for one in bundle.all_tables() if one.full_name == table), {})


def _missing_columns(name: str, incomplete: Sequence[DeliveryRecord]) -> str:
    columns = sorted({column for delivery in incomplete for column in delivery.columns_missing})
    more = f" and {count(len(incomplete) - 1, 'more file')}" if len(incomplete) > 1 else ""
    return (
        f"{name} lacks columns that the mapping reads: {listed(columns, _MOST_COLUMNS)}. "
        f"The rows of {incomplete[0].file}{more} landed without them."
    )


def remaining(
    connection: duckdb.DuckDBPyConnection, sources: Iterable[Source], deliveries: Iterable[DeliveryRecord]
) -> Iterator[Note]:
    """Raw tables with new rows of which more fall to deduplication than were delivered again."""
    landed = {
        (one.source_instance, found.table) for one in deliveries for found in one.counts if found.n_landed
    }
    for source in sources:
        feeds = {feed.table.full_name: feed for fed in source.feeds.values() for feed in fed}
        for name, feed in feeds.items():
            if (source.instance, name) in landed and not feed.table.version_at:
                yield from _deduplicated(connection, source.instance, feed)


def _deduplicated(connection: duckdb.DuckDBPyConnection, instance: str, feed: Feed) -> Iterator[Note]:
    table = feed.table
    key = ", ".join(map(sql.name, table.key))
    thing = f"{key}, {sql.name(table.event_at)}" if table.event_at else key
    rows = f"FROM {table.schema}.{sql.name(table.name)} WHERE source_instance = ?"
    counted = f"SELECT count(*), count(DISTINCT hash({key})) {rows}"
    n_rows, n_keys = connection.execute(counted, [instance]).fetchall()[0]
    if n_rows == n_keys:
        return
    counted = f"SELECT count(DISTINCT hash({thing})), count(DISTINCT hash({thing}, _delivery_id)) {rows}"
    n_things, n_delivered = connection.execute(counted, [instance]).fetchall()[0]
    n_again = n_delivered - n_things
    if n_rows - n_keys <= n_again:
        return
    text = f"{instance}: {n_keys:,} of {count(n_rows, 'row')} of {table.name} remain after deduplication"
    n_other, shared = n_things - n_keys, " and ".join(table.key)
    keep = feed.keep or (table.keep if table.keep == contract.FIRST else "")
    if not n_other:
        yield Note(f"{text}: the others repeat {shared} within their file.", is_warning=True)
    elif keep:
        yield Note(f"{text}: the {keep} of each {shared} counts.")
    else:
        problem = f"{count(n_other, 'row')} share {shared} with rows of another {table.event_at}"
        remedy = "Map another key, or make one; faultline sources check shows how."
        yield Note(f"{text}: {problem}. {remedy}", is_warning=True)


def faults(
    deliveries: Sequence[DeliveryRecord], manifest: Manifest, home: Home, limits: Limits = engine.SMALL
) -> Iterator[Note]:
    """Files with rows in quarantine, the worst first, and the place of all those rows; then whole files."""
    faulty = sorted((d for d in deliveries if d.n_quarantined), key=_share, reverse=True)
    if faulty:
        paths = [home.quarantine / c.quarantine for c in manifest.quarantines_of(faulty[:_MOST_FILES])]
        reasons = quarantine.reasons(paths, limits)
        for delivery in faulty[:_MOST_FILES]:
            yield _faulty(delivery, reasons.get(delivery.delivery_id, []))
        more = faulty[_MOST_FILES:]
        if more:
            n_rows = sum(delivery.n_quarantined for delivery in more)
            yield Note(f"{count(len(more), 'more file')} with {count(n_rows, 'row')} in quarantine.")
        yield Note(f"Each of these rows, with line and reason: {home.quarantine}/*/*.parquet")
    for delivery in deliveries:
        if not delivery.is_landed:
            yield Note(f"Quarantined {delivery.file}: {delivery.reason}.", is_warning=True)


def _n_due(delivery: DeliveryRecord) -> int:
    """Rows that were to land: no filter left them out."""
    return delivery.n_landed + delivery.n_quarantined


def _share(delivery: DeliveryRecord) -> float:
    return delivery.n_quarantined / _n_due(delivery)


def _faulty(delivery: DeliveryRecord, reasons: Sequence[quarantine.Reason]) -> Note:
    n, n_due = delivery.n_quarantined, _n_due(delivery)
    text = f"{delivery.file}: {n:,} of {count(n_due, 'row')} quarantined ({share(n, n_due)})."
    lines = [_reason(reason) for reason in reasons[:_MOST_REASONS]]
    if len(reasons) > _MOST_REASONS:
        lines.append(f"and {count(len(reasons) - _MOST_REASONS, 'more reason')}.")
    return Note(text, tuple(lines), is_warning=_share(delivery) > quarantine.TOLERATED_SHARE)


def _reason(reason: quarantine.Reason) -> str:
    example = f" such as {reason.masked_value!r} (masked)" if reason.masked_value else ""
    return f"{reason.problem}{example}; {count(reason.n_rows, 'row')}, first at line {reason.line:,}."
