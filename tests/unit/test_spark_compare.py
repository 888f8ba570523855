"""The comparison of two engines' rows finds what differs, and nothing else."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.spark.compare import differences

ROWS = "(VALUES ('a', 1, 0.1::DOUBLE, NULL), ('a', 1, 0.2::DOUBLE, NULL), (NULL, 3, NULL, ['x']))"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE t AS FROM {ROWS} AS t (word, n, share, words)")
    return path


def found(rows: str) -> pa.Table:
    return duckdb.sql(f"FROM {rows} AS t (word, n, share, words)").to_arrow_table()


def test_rows_in_another_order_and_doubles_a_hair_apart_are_equal(warehouse: Path) -> None:
    other = (
        "(VALUES (NULL, 3, NULL, ['x']), ('a', 1, 0.2::DOUBLE + 1e-12, NULL), ('a', 1, 0.1::DOUBLE, NULL))"
    )
    assert differences(found(other), warehouse, "t") == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("'a', 1, 0.1", "'b', 1, 0.1"), "t.word: 1 of 3 values differ"),
        (("0.1::DOUBLE", "0.1000001::DOUBLE"), "t.share: 1 of 3 values differ"),
        (("3, NULL", "3, 0.0::DOUBLE"), "t.share: 1 of 3 values differ"),
        (("['x']", "['x', 'y']"), "t.words: 1 of 3 values differ"),
        (("(NULL, 3", "('a', 1, 0.1, NULL), (NULL, 3"), "t: 3 rows in the warehouse, 4 found"),
    ],
)
def test_a_difference_is_named(warehouse: Path, change: tuple[str, str], sentence: str) -> None:
    assert sentence in differences(found(ROWS.replace(*change)), warehouse, "t")


def test_columns_in_another_order_differ(warehouse: Path) -> None:
    other = duckdb.sql(
        f"SELECT n, word, share, words FROM {ROWS} AS t (word, n, share, words)"
    ).to_arrow_table()
    assert len(differences(other, warehouse, "t")) == 1
