"""What dbt's documentation says of readers and of columns is complete, and stands once."""

import re
from collections import Counter

from tests.structure.reading import DBT, REFERENCE, below, models, text_of, yaml_entries

COLUMNS = DBT / "models" / "columns.md"
RECURS = 3
"""A text that so many models have for a column of one name stands in `columns.md`."""
A_BLOCK = re.compile(r"\{% docs (\w+) %\}\n(.+?)\n\{% enddocs %\}", re.DOTALL)


def _published() -> set[str]:
    """Every mart, dimension and registry, which are what `orchestration/publish` copies."""
    marts = {path.stem for path in models() if path.stem.startswith(("mart_", "dim_"))}
    earlier_names = {path.stem for path in models() if path.is_relative_to(DBT / "models" / "reference")}
    return marts | earlier_names | {path.stem for path in REFERENCE.glob("*.csv")}


def _exposures() -> dict[str, set[str]]:
    """What each reader depends on."""
    return {
        entry["name"]: {reference.split("'")[1] for reference in entry["depends_on"]}
        for _, entry in yaml_entries("exposures")
    }


def _columns_of_marts() -> list[tuple[str, str]]:
    """Name and description of each column of each mart."""
    return [
        (column["name"], column["description"])
        for path, entry in yaml_entries("models")
        if path.is_relative_to(DBT / "models" / "marts")
        for column in entry["columns"]
    ]


def test_published_files_depend_on_every_mart_dimension_and_registry() -> None:
    exposures = _exposures()
    assert exposures["marts_file"] == exposures["parquet_files"] == _published()


def test_the_report_page_depends_on_what_it_reads() -> None:
    texts = set(re.findall(r'"(\w+)"', " ".join(map(text_of, below("orchestration/report", ".py")))))
    read = texts & _published()
    assert "mart_escalation_heatmap" in read
    # Names of registries also occur as keys of the page; what it says to depend on must at least be named.
    assert _exposures()["report_page"] <= read
    assert {name for name in read if name.startswith(("mart_", "dim_"))} <= _exposures()["report_page"]


def test_the_meaning_of_columns_of_several_marts_is_written_once() -> None:
    """Without it, one meaning drifts apart in its copies."""
    counted = Counter(one for one in _columns_of_marts() if "doc(" not in one[1])
    assert {name for (name, _), n in counted.items() if n >= RECURS} == set()


def test_every_common_text_of_a_column_is_used_under_its_name() -> None:
    blocks = dict(A_BLOCK.findall(text_of(COLUMNS)))
    used = [(name, text) for name, text in _columns_of_marts() if "doc(" in text]
    assert set(used) == {(name, f"{{{{ doc('{name}') }}}}") for name in blocks}
