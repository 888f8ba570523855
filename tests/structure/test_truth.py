"""The truth of a simulated centre stays unseen by what is graded with it."""

import re

import pytest

from seeds.simulator.deliver import TRUTH
from tests.structure.reading import below, name_of, text_of

READS_TRUTH = re.compile(r"\btruth_\w+|[\"'/]truth[\"'/]|canaries\.txt|truth/events")


@pytest.mark.parametrize("folder", ["orchestration", "expectations", "dbt_project", "seeds/reference"])
def test_no_part_of_the_pipeline_reads_the_truth(folder: str) -> None:
    suffixes = (".py", ".sql", ".yml", ".csv", ".j2", ".html")
    files = [path for suffix in suffixes for path in below(folder, suffix)]
    assert files
    assert [name_of(path) for path in files if READS_TRUTH.search(text_of(path))] == []


@pytest.mark.parametrize(
    "text",
    [
        'read_parquet("truth/truth_fault.parquet")',
        "home / 'truth' / name",
        "FROM truth_condition",
        "../truth/events",
    ],
)
def test_reading_the_truth_is_recognised(text: str) -> None:
    assert READS_TRUTH.search(text)


@pytest.mark.parametrize("text", ["the truth is that", "ground truth of a rate", "untruth_free"])
def test_talking_of_truth_is_not(text: str) -> None:
    assert not READS_TRUTH.search(text)


def test_every_table_of_the_truth_is_covered() -> None:
    assert all(READS_TRUTH.search(name) for name in TRUTH)
