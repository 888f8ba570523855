"""SQL runs on every engine, knows no vendor after its own folder, and never looks at the clock."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.sources.connectors import bundle
from tests.structure.reading import (
    MODELS,
    below,
    models,
    name_of,
    sql_files,
    text_of,
    without_comments,
    yaml_entries,
)

VENDORS = (
    r"servicenow|service-now|eagle|zendesk|salesforce|freshdesk|freshservice|hubspot|jira|dynamics"
    r"|genesys|asterisk|twilio|talkdesk|five9|verint|calabrio|amazon.?connect|\bconnect_"
)
# Where all sources meet, vendor by vendor.
UNIONS = "dbt_project/models/intermediate/entity"
_NAME_INPUTS = [MODELS / "intermediate" / folder / "_unit_tests.yml" for folder in ("entity", "source")]
CLOCKS = (
    r"\bnow\s*\(|\bcurrent_(timestamp|date|time)\b|\bgetdate\b|\bsysdate\b|\blocaltimestamp\b|\btoday\s*\("
    r"|\brun_started_at\b|\binvocation_id\b|\bmodules\.datetime\b"
)
# What only DuckDB understands; anything of the kind belongs to macros/dialect.
DUCKDB_ONLY = (
    r"\b(arg_?max|arg_?min|quantile(_cont|_disc)?|mad|epoch(_ms|_us|_ns)?|strftime|strptime|struct_pack"
    r"|struct_extract|regexp_(matches|full_match|extract_all)|read_(csv|csv_auto|json|json_auto|parquet|text)"
    r"|parquet_scan|to_(seconds|minutes|hours|days|weeks|months|years|milliseconds)|generate_series|unnest"
    r"|list_\w+|string_split|string_agg|time_bucket|make_timestamp|date_part|datepart|date_sub|strlen)\s*\("
    r"|(?<![\w.])(datediff|date_diff|datesub|dateadd|date_add|date_trunc|range)\s*\("
    r"|::|\bexclude\s*\(|\*\s*replace\s*\(|\bcolumns\s*\(|\bby name\b|\basof\b|\bpositional join\b|\bilike\b"
    # Spark reads `neighbours - n` of a named window as one name, and no comma before the last select.
    r"|\bover (?!\(|\{)\w+|\),\s*select\b"
    r"|\bqualify\b|\bglob\b|\bat time zone\b|\bpivot\b|\bsummarize\b|\bignore nulls\b|\bon conflict\b"
)
ORDERED = r"\b(row_number|lag|lead|first_value|last_value|nth_value|ntile)\s*\("
UNIQUE_POSITION = r"(\w+\.)?(\w*_seq|position|min\(stay_seq\))( (asc|desc))?( nulls (first|last))?"


def _jinja_ranges_apart(sql: str) -> str:
    """SQL without Jinja's own statements, in which `range` is Python's."""
    return re.sub(r"\{%.*?%\}", " ", sql)


def _found(pattern: str, paths: list[Path], *, is_code_only: bool = True) -> list[str]:
    hits = []
    for path in paths:
        text = text_of(path)
        searched = _jinja_ranges_apart(without_comments(text)) if is_code_only else text
        hits += [f"{name_of(path)}: {m.group()}" for m in re.finditer(pattern, searched, re.IGNORECASE)]
    return hits


def _bracketed(text: str, start: int) -> str:
    """What stands between the bracket that opens at `start` and the one that closes it."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[start + 1 : at]
    raise ValueError(f"unbalanced brackets: {text[start : start + 80]}")


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1, "{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return [*parts, text[begin:].strip()]


def orderings(sql: str) -> Iterator[tuple[str, list[str]]]:
    """Every window function whose result hangs on its order, with the expressions it orders by."""
    for match in re.finditer(ORDERED, sql):
        after = match.end() - 1 + len(_bracketed(sql, match.end() - 1)) + 2
        window = re.match(r"\s*(filter\s*\(.*?\)\s*)?over\s*\(", sql[after:])
        if window is None:
            yield match.group(1), []  # a window named elsewhere cannot be checked, so it counts as unordered
            continue
        inside = _bracketed(sql, after + window.end() - 1)
        ordered = re.search(r"\border by\b(.*?)(\brows between\b.*|\brange between\b.*)?$", inside)
        yield match.group(1), _split(ordered.group(1).strip()) if ordered else []


def order_keys(sql: str) -> Iterator[str]:
    """Every expression that rows are ordered by, with its direction and the place of its NULLs."""
    for match in re.finditer(r"\border by\b", sql):
        depth, end = 0, len(sql)
        for at in range(match.end(), len(sql)):
            depth += {"(": 1, ")": -1}.get(sql[at], 0)
            if depth < 0:
                end = at
                break
        yield from _split(re.sub(r"\b(rows|range) (between|unbounded)\b.*|\"", "", sql[match.end() : end]))


def test_no_vendor_is_named_outside_its_own_folders() -> None:
    lists_vendors = [MODELS.parent / "macros" / "contract.sql", *below(UNIONS, ".sql"), *_NAME_INPUTS]
    vendors = [MODELS / "intermediate" / name for name in bundle.names()]
    theirs = (MODELS / "staging", MODELS.parent / "macros" / "vendors", *vendors)
    files = [*sql_files(), *below("dbt_project/models", ".yml")]
    shared = [path for path in files if not any(path.is_relative_to(place) for place in theirs)]
    registries = below("seeds/reference", ".csv")
    searched = [path for path in [*shared, *registries] if path not in lists_vendors]
    assert not _found(VENDORS, searched, is_code_only=False)


def test_no_vendor_is_named_in_python_but_in_its_connector() -> None:
    connectors = "orchestration/sources/connectors"
    python = [p for p in below("orchestration", ".py") if connectors not in p.as_posix()]
    assert not _found(VENDORS, [*python, *below("expectations", ".py")], is_code_only=False)


def test_time_is_an_input() -> None:
    assert not _found(CLOCKS, sql_files())


def test_no_engine_is_spoken_outside_the_dialect() -> None:
    dialect = MODELS.parent / "macros" / "dialect"
    common = [path for path in sql_files() if not path.is_relative_to(dialect)]
    assert not _found(DUCKDB_ONLY, common)


def test_fixtures_of_unit_tests_speak_common_sql() -> None:
    hits = [
        f"{test['name']}: {match.group()}"
        for _, test in yaml_entries("unit_tests")
        for fixture in [*test["given"], test["expect"]]
        if fixture.get("format") == "sql"
        for match in re.finditer(DUCKDB_ONLY + r"|\bvarchar\b", fixture["rows"], re.IGNORECASE)
    ]
    assert not hits


def test_every_order_that_decides_a_value_has_a_tie_breaker() -> None:
    loose = [
        f"{name_of(path)}: {function} over (order by {', '.join(by) or 'nothing'})"
        for path in sql_files()
        for function, by in orderings(without_comments(text_of(path)))
        if len(by) < 2 and not (by and re.fullmatch(UNIQUE_POSITION, by[0]))
    ]
    assert not loose


def test_every_order_of_a_model_says_where_nulls_come() -> None:
    """Without it, other rows would win on an engine that sorts NULLs first."""
    vague = [
        f"{name_of(path)}: order by {key}"
        for path in models()
        for key in order_keys(_jinja_ranges_apart(without_comments(text_of(path))))
        if not re.search(r"\bnulls (first|last)$", key)
    ]
    assert not vague


def test_order_keys_are_read_out_of_sql() -> None:
    sql = "(select sum(a) over (order by f(b, c) desc, d rows between 1 preceding and current row) from t order by e)"
    assert list(order_keys(sql)) == ["f(b, c) desc", "d", "e"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("row_number() over (order by a)", [("row_number", ["a"])]),
        ("lag(x, 2) over (partition by p order by f(a, b) desc, c)", [("lag", ["f(a, b) desc", "c"])]),
        ("lag(x in ('a')) over (order by s rows between 1 preceding and current row)", [("lag", ["s"])]),
        ("row_number() over (partition by p)", [("row_number", [])]),
        ("row_number() over neighbours", [("row_number", [])]),
        ("sum(x) over (order by a)", []),
    ],
)
def test_orderings_are_read_out_of_sql(sql: str, expected: list[tuple[str, list[str]]]) -> None:
    assert list(orderings(sql)) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select a::date",
        "date_diff('day', a, b)",
        "arg_max(a, b)",
        "select * exclude (a)",
        "from range(9)",
        "a ilike 'b'",
        "select sum(n) over neighbours - n from b",
        "with a as (select 1), select * from a",
        "select a from b qualify row_number() over (order by a) = 1",
    ],
)
def test_foreign_dialects_are_recognised(sql: str) -> None:
    assert re.search(DUCKDB_ONLY, sql)


@pytest.mark.parametrize(
    "sql",
    ["{{ dbt.datediff('a', 'b', 'day') }}", "max_by(a, b)", "interval 1 day", "sum(n) over (order by n)"],
)
def test_common_sql_is_not_mistaken_for_a_dialect(sql: str) -> None:
    assert not re.search(DUCKDB_ONLY, sql)
