"""SQL runs on every engine, knows no vendor after its own folder, and never looks at the clock."""

import re
from pathlib import Path

import pytest

from orchestration.sources.connectors import bundle
from tests.structure.reading import (
    MODELS,
    below,
    name_of,
    sql_files,
    text_of,
    without_comments,
    without_statements,
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


def _found(pattern: str, paths: list[Path], *, is_code_only: bool = True) -> list[str]:
    hits = []
    for path in paths:
        text = text_of(path)
        searched = without_statements(without_comments(text)) if is_code_only else text
        hits += [f"{name_of(path)}: {m.group()}" for m in re.finditer(pattern, searched, re.IGNORECASE)]
    return hits


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
