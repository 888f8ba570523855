"""Every order that decides a value ends in a key of the rows that it orders, and says where NULLs come."""

import re
from collections.abc import Iterator

import pytest

from tests.structure.reading import (
    models,
    name_of,
    sql_files,
    text_of,
    until_closed,
    without_comments,
    without_statements,
)

WINDOW = r"\b(row_number|lag|lead|first_value|last_value|nth_value|ntile)\s*\("
PICK = r"\b(min_by|max_by|first_filled|last_filled)\s*\("
# Columns that number or name the rows of their partition.
KEY = r"\w*_(seq|no|number|id|key)|position\w*|place|turn|_?source_line|(\w+_)?source_instance"
# Ids that are unique by themselves; any other id is one only beside its source.
GLOBAL_IDS = {"_delivery_id", "blind_spot_id"}
# Orders that end in another column, and why a tie in the whole order cannot change a value.
ENDINGS = {
    "cov_bs20_case_history_gaps: new_value": "ends the key of a change",
    "int_amazon_connect__case_changes: field": "a state has one change of each field",
    "dim_calendar_interval: starts_at": "segments of a calendar do not overlap",
    "int_backlog__open_spells: starts_at": "spells of a case do not overlap",
    "int_calendar__offsets: moment": "moments of a zone are distinct",
    "int_calendar__segments: moment": "changes are summed up by it",
    "int_case__intervals: changed_by": "the order holds all columns that are taken",
    "int_case__records: changed_by": "the order holds all columns that are taken",
    "int_case__merges: case_id": "cases that were merged are of one source",
    "int_case__versions: is_history": "one state of a case is no history",
    "int_identity__customer_states: content": "the hash of all columns that are taken",
    "int_identity__shared_identifiers: moment": "moments of an identifier are distinct",
    "int_salesforce__case_changes: field": "a row of the history has one change of each field",
    "int_salesforce__customers: created_at": "persons of an unknown account differ in nothing else that is taken",
    "int_salesforce__owner_values: side": "a row of the history has an old side and a new one",
    "int_source__unknown_words: is_masked": "rows are counted by word and masking",
    "int_zendesk__case_changes: field": "an event has one change of each field",
    "int_zendesk__latest_tickets: status": "the only column that is taken",
    "int_zendesk__recorded_values: value": "the only column that is taken",
    "int_sla__instants: event_at": "a clock has one row of a moment",
    "runs_of: team_id": "the only column that is taken",
    "sharing_is_counted_at_every_moment: valid_from": "rows are counted by it",
}


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1, "{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return [*parts, text[begin:].strip()]


def orderings(sql: str) -> Iterator[tuple[list[str], list[str]]]:
    """Partition and order of every window function whose result hangs on its order."""
    for match in re.finditer(WINDOW, sql):
        after = match.end() + len(until_closed(sql, match.end())) + 1
        window = re.match(r"\s*(filter\s*\(.*?\)\s*)?over\s*\(", sql[after:])
        if window is None:
            yield [], []  # a window named elsewhere cannot be checked, so it counts as unordered
            continue
        inside = until_closed(sql, after + window.end())
        partition, _, order = inside.partition("order by ")
        order = re.sub(r"\b(rows|range) (between|unbounded)\b.*", "", order)
        yield (
            _split(partition.strip().removeprefix("partition by ")) if partition.strip() else [],
            _split(order) if order else [],
        )


def picks(sql: str) -> Iterator[list[str]]:
    """The order of every aggregate that takes the value of the first or the last row."""
    for match in re.finditer(PICK, sql):
        yield [_split(until_closed(sql, match.end()))[-1].strip("\"'")]


def column(expression: str) -> str:
    """The column that an order goes by, without its direction, its table and the aggregate around it."""
    bare = re.sub(r" (asc|desc)\b| nulls (first|last)\b|\{%.*?%\}", "", expression).strip()
    return re.sub(r"^(min|max)\((.*)\)$", r"\2", bare).rpartition(".")[2]


def is_total(partition: list[str], order: list[str]) -> bool:
    """Whether an order ends in a key of the rows of its partition."""
    if not order or not re.fullmatch(KEY, column(order[-1])):
        return False
    expressions = [re.sub(r" (asc|desc)\b| nulls (first|last)\b", "", one) for one in order]
    needs_source = column(order[-1]).endswith("_id") and column(order[-1]) not in GLOBAL_IDS
    has_source = any("source_instance" in one for one in (*partition, *expressions))
    return expressions[-1] not in partition and (has_source or not needs_source)


def order_keys(sql: str) -> Iterator[str]:
    """Every expression that rows are ordered by, with its direction and the place of its NULLs."""
    for match in re.finditer(r"\border by\b", sql):
        order = until_closed(sql, match.end())
        yield from _split(re.sub(r"\b(rows|range) (between|unbounded)\b.*|\"", "", order))


def _open_orders() -> dict[str, str]:
    """Every order that ends in no key, as `file: last column`, with the whole order."""
    windows = ((path, *found) for path in sql_files() for found in orderings(without_comments(text_of(path))))
    picked = ((path, [], order) for path in models() for order in picks(without_comments(text_of(path))))
    return {
        f"{path.stem}: {column(order[-1]) if order else 'nothing'}": f"{name_of(path)}: {', '.join(order)}"
        for path, partition, order in (*windows, *picked)
        if not is_total(partition, order)
    }


def test_every_order_that_decides_a_value_ends_in_a_key() -> None:
    """Without it, tied rows change places from run to run."""
    loose = [order for ending, order in _open_orders().items() if ending not in ENDINGS]
    assert not loose, "end these orders in a key of their rows, or say in ENDINGS why they need none"


def test_an_ending_that_needs_no_reason_is_not_listed() -> None:
    assert not ENDINGS.keys() - _open_orders().keys(), "delete these from ENDINGS"


def test_every_order_of_a_model_says_where_nulls_come() -> None:
    """Without it, other rows would win on an engine that sorts NULLs first."""
    vague = [
        f"{name_of(path)}: order by {key}"
        for path in models()
        for key in order_keys(without_statements(without_comments(text_of(path))))
        if not re.search(r"\bnulls (first|last)$", key)
    ]
    assert not vague


def test_order_keys_are_read_out_of_sql() -> None:
    sql = "(select sum(a) over (order by f(b, c) desc, d rows between 1 preceding and current row) from t order by e)"
    assert list(order_keys(sql)) == ["f(b, c) desc", "d", "e"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("row_number() over (order by a)", ([], ["a"])),
        ("lag(x, 2) over (partition by p, q order by f(a, b) desc, c)", (["p", "q"], ["f(a, b) desc", "c"])),
        ("lag(x in ('a')) over (order by s rows between 1 preceding and current row)", ([], ["s"])),
        ("row_number() over (partition by p)", (["p"], [])),
        ("row_number() over neighbours", ([], [])),
    ],
)
def test_orderings_are_read_out_of_sql(sql: str, expected: tuple[list[str], list[str]]) -> None:
    assert list(orderings(sql)) == [expected]
    assert not list(orderings("sum(x) over (order by a)"))


def test_picks_are_read_out_of_sql() -> None:
    sql = """min_by(a, b) filter (where c), {{ last_filled("f(a, b)", "t.leg_seq") }}"""
    assert list(picks(sql)) == [["b"], ["t.leg_seq"]]


@pytest.mark.parametrize(
    ("partition", "order", "expected"),
    [
        (["journey_key"], ["started_at nulls last", "i.item_key nulls last"], True),
        (["source_instance"], ["min(a.started_at) desc nulls last", "case_id nulls last"], True),
        ([], ["abs(n)", "c.source_instance nulls last", "c.case_id nulls last"], True),
        (["contact_key"], ["started_at nulls last", "q.queue_id nulls last"], False),
        (["contact_key"], ["leg_seq nulls last", "started_at nulls last"], False),
        (["centre", "kind_id"], ["moment nulls last", "kind_id nulls last"], False),
        (["case_key"], [], False),
    ],
)
def test_an_order_is_total_if_it_ends_in_a_key(
    partition: list[str], order: list[str], expected: bool
) -> None:
    assert is_total(partition, order) is expected
