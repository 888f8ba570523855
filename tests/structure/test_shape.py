"""Models stay small enough to be read at once, and join contacts and cases by one key."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.sources.connectors import bundle
from tests.structure.reading import MODELS, models, text_of, until_closed, without_comments

MAX_LINES, MAX_JOINS = 90, 7
# Ids that are unique only within a source, and so are joined by the key that holds both.
KEYED_IDS = {"contact_id", "case_id", "merged_case_id", "item_id", "unit_id", "chain_id"}
# Models that find out which customer an id means, and so join the ids themselves.
FIND_CUSTOMERS = MODELS / "intermediate" / "identity"
_END = r"\b(?:on|using|inner|left|right|full|cross|join|where|group by|union)\b"


def _lines(path: Path) -> int:
    return len(text_of(path).splitlines())


def _joins(path: Path) -> int:
    return len(re.findall(r"\bjoin\b", without_comments(text_of(path))))


def joined_columns(sql: str) -> Iterator[set[str]]:
    """The columns that each join compares for equality, also within a function such as `coalesce`."""
    for match in re.finditer(r"\bon |\busing ?\(", sql):
        condition = until_closed(sql, match.end())
        if match.group() != "on ":
            yield set(re.findall(r"\w+", condition))
            continue
        parts = re.split(r"\b(?:and|or)\b", re.split(_END, condition)[0])
        yield {
            column
            for part in parts
            if re.search(r"[^<>!]=", part)
            for column in re.findall(r"\b\w+\.(\w+)\b", part)
        }


def test_models_are_short_and_join_few_tables() -> None:
    sizes = {path.stem: (_lines(path), _joins(path)) for path in models()}
    too_long = {name: size for name, size in sizes.items() if size[0] > MAX_LINES or size[1] > MAX_JOINS}
    assert too_long == {}, "lines and joins of models that are too long; split them"


def _after_union() -> list[Path]:
    """Models that read contacts, cases and customers of all sources together."""
    apart = [MODELS / "staging", *(MODELS / "intermediate" / name for name in bundle.names())]
    return [path for path in models() if not any(path.is_relative_to(folder) for folder in apart)]


def test_contacts_and_cases_are_joined_by_their_key() -> None:
    """A join by source and id compares two texts in each row, and forgets one of them sooner or later."""
    composite = [
        f"{path.stem}: {', '.join(sorted(columns))}"
        for path in _after_union()
        for columns in joined_columns(without_comments(text_of(path)))
        if columns & KEYED_IDS and any(column.endswith("source_instance") for column in columns)
    ]
    assert not composite


def test_customers_are_joined_by_their_key() -> None:
    """A customer is one person in all sources of a centre; a join that forgets the centre mixes two centres."""
    composite = [
        path.stem
        for path in _after_union()
        if not path.is_relative_to(FIND_CUSTOMERS)
        for columns in joined_columns(without_comments(text_of(path)))
        if "customer_id" in columns
    ]
    assert not composite


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("from a left join b on a.x = b.y and a.z >= b.z where a.q = b.r", [{"x", "y"}]),
        (
            "join b on a.x = b.x inner join (select d.n from d join e on d.m = e.m) as c on a.n = c.n",
            [{"x"}, {"m"}, {"n"}],
        ),
        ("from a left join b using (x, y) inner join c on a.z = c.z", [{"x", "y"}, {"z"}]),
        ("from a join b on coalesce(a.x, a.y) = b.x and a.z <> b.z", [{"x", "y"}]),
        ("from a cross join b inner join c on a.x = c.x and (a.y = c.z or c.z is null)", [{"x", "y", "z"}]),
    ],
)
def test_joined_columns_are_read_out_of_sql(sql: str, expected: list[set[str]]) -> None:
    assert list(joined_columns(sql)) == expected
