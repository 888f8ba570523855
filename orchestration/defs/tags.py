"""Tags that assets share: people filter by them in the Dagster UI."""

from collections.abc import Iterable
from functools import cache

from orchestration.sources import contract
from orchestration.sources.connectors import bundle


def personal_data(columns: Iterable[str]) -> dict[str, str]:
    """The tag of a table with columns that stand for people: hashed ids of customers, ids of staff.

    Args:
        columns: the names of its columns.
    """
    return {"personal_data": "ids"} if _personal_columns() & set(columns) else {}


@cache
def _personal_columns() -> frozenset[str]:
    tables = [*bundle.all_tables(), *contract.entities().values()]
    return frozenset(
        column.name for table in tables for column in table.columns.values() if column.is_personal
    )
