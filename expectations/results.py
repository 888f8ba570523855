"""What Great Expectations' results mean: the status of each scope, and when a result is no judgement."""

from collections.abc import Iterable, Sequence
from typing import Any

# What names a scope: the columns that Great Expectations gives back for each unexpected row.
SCOPE = ("source_instance", "scope_type", "scope_id", "window_type", "window_start")
# From mild to severe: a later level overrides an earlier one.
LEVELS = ("warn", "blind")


def read_statuses(results: Iterable[Any], scopes: Sequence[tuple[str, ...]]) -> list[str]:
    """Status of each scope of one blind spot, out of one result per level (named in its `meta`).

    An expectation that crashed comes back unsuccessful with nothing in its result, and a result may list
    fewer rows than it counts. In both cases, and when a level is missing, every scope is `errored`.

    Args:
        results: Great Expectations' results of one blind spot.
        scopes: values of the columns of `SCOPE`, as text, of each scope that was judged.
    """
    statuses = dict.fromkeys(scopes, "ok")
    by_level = {result.expectation_config.meta["level"]: result for result in results}
    for level in LEVELS:
        result = by_level.get(level)
        if result is None or has_errored(result):
            return ["errored"] * len(scopes)
        for row in result.result.get("unexpected_index_list") or []:
            statuses[tuple(str(row[column]) for column in SCOPE)] = level
    if len(statuses) > len(scopes):  # an unexpected row that was never handed in
        return ["errored"] * len(scopes)
    return [statuses[scope] for scope in scopes]


def has_errored(result: Any) -> bool:
    """Whether an expectation crashed, or does not name all the rows it counts, instead of judging.

    `exception_info` has two shapes: one record, or one record per metric.
    """
    info = result.exception_info or {}
    records = [info] if "raised_exception" in info else [r for r in info.values() if isinstance(r, dict)]
    if any(record.get("raised_exception") for record in records):
        return True
    counted = (result.result or {}).get("unexpected_count")
    if counted is None:
        return True
    return bool(counted != len(result.result.get("unexpected_index_list") or []))
