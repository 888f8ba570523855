"""Judges measured blind spots: ok, warn, blind or errored for every scope and window.

The measures come from SQL; Great Expectations holds each affected share against the thresholds of
the registry. A judge that breaks says `errored`, which is never the same as a check that failed.
"""

import contextlib
import logging
import os
import shutil
import threading
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

MEASURE_COLUMNS = (
    "blind_spot_id",
    "source_instance",
    "scope_type",
    "scope_id",
    "window_type",
    "window_start",
    "affected_share",
)
RESULT_COLUMNS = (*MEASURE_COLUMNS[:-1], "status")
MAX_BATCH_ROWS = 20_000  # judging grows faster than linearly when most rows fail
LEVELS = ("warn", "blind")


def judge(measures: pd.DataFrame, registry: pd.DataFrame, docs: Path) -> pd.DataFrame:
    """Judges every measured scope.

    Args:
        measures: one row per blind spot, source instance, scope and window, with the columns of
            `MEASURE_COLUMNS`; rows whose share is null have nothing to judge and are left out.
        registry: one row per blind spot with `blind_spot_id`, `name`, `warn_share`, `blind_share`.
        docs: folder for Great Expectations' project and its Data Docs; made anew.

    Returns:
        One row per judged measure with the columns of `RESULT_COLUMNS`; `status` is `ok`, `warn`,
        `blind` or `errored`.
    """
    context = _context(docs)
    judged = measures[measures["affected_share"].notna()]
    results = []
    for check in registry.sort_values("blind_spot_id").to_dict("records"):
        rows = judged[judged["blind_spot_id"] == check["blind_spot_id"]]
        for number, start in enumerate(range(0, len(rows), MAX_BATCH_ROWS)):
            batch = rows.iloc[start : start + MAX_BATCH_ROWS].reset_index(drop=True)
            results.append(_judge_batch(context, check, batch, number))
    context.build_data_docs()
    if not results:
        return pd.DataFrame(columns=list(RESULT_COLUMNS))
    return pd.concat(results, ignore_index=True)[list(RESULT_COLUMNS)]


def import_ahead() -> threading.Thread:
    """Imports Great Expectations, which takes seconds, in a thread while the caller waits for dbt."""

    def load() -> None:
        with contextlib.suppress(ImportError):  # whoever judges imports it again, and reports the error
            _library()

    ahead = threading.Thread(target=load, daemon=True)
    ahead.start()
    return ahead


def docs_index(docs: Path) -> Path:
    """The page of the Data Docs below the folder given to `judge`."""
    return docs / "gx" / "uncommitted" / "data_docs" / "local_site" / "index.html"


def _library() -> Any:
    """Great Expectations, imported only where something is judged: it costs seconds."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations

    return great_expectations


def _context(docs: Path) -> Any:
    gx = _library()
    for name in ("great_expectations", "great_expectations.data_context"):
        logging.getLogger(name).setLevel(logging.ERROR)
    shutil.rmtree(docs, ignore_errors=True)
    docs.mkdir(parents=True)
    context = gx.get_context(mode="file", project_root_dir=str(docs))
    context.variables.progress_bars = {"globally": False}
    return context


def _judge_batch(context: Any, check: Mapping[Any, Any], batch: pd.DataFrame, number: int) -> pd.DataFrame:
    frame = batch.assign(row=range(len(batch)))
    try:
        result = _validate(context, check, frame, number)
        statuses = read_statuses(result.results, len(frame))
    except Exception:  # a broken judge must not look like a healthy check
        logging.getLogger(__name__).exception("judging %s failed", check["blind_spot_id"])
        statuses = ["errored"] * len(frame)
    return batch.assign(status=statuses)


def _validate(context: Any, check: Mapping[Any, Any], frame: pd.DataFrame, number: int) -> Any:
    gx = _library()
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )

    name = f"{check['blind_spot_id']}-{number}" if number else check["blind_spot_id"]
    source = context.data_sources.add_or_update_pandas(name)
    whole = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("scopes")
    suite = context.suites.add_or_update(gx.ExpectationSuite(name=name))
    for level in LEVELS:
        suite.add_expectation(
            ExpectColumnValuesToBeBetween(
                column="affected_share",
                min_value=0,
                max_value=float(check[f"{level}_share"]),
                meta={"blind_spot_id": check["blind_spot_id"], "level": level, "name": check["name"]},
            )
        )
    definition = context.validation_definitions.add_or_update(
        gx.ValidationDefinition(name=name, data=whole, suite=suite)
    )
    result_format = {"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return definition.run(batch_parameters={"dataframe": frame}, result_format=result_format)


def read_statuses(results: Iterable[Any], n_rows: int) -> list[str]:
    """Status of each row out of Great Expectations' results, one result per level in `meta`.

    An expectation that crashed comes back unsuccessful with nothing in its result, so both its
    exception info and its counts are looked at before a failure is believed.
    """
    statuses = ["ok"] * n_rows
    by_level = {r.expectation_config.meta["level"]: r for r in results}
    for level in LEVELS:
        result = by_level.get(level)
        if result is None or has_errored(result):
            return ["errored"] * n_rows
        for unexpected in result.result.get("unexpected_index_list") or []:
            statuses[int(unexpected["row"])] = level
    return statuses


def has_errored(result: Any) -> bool:
    """Whether an expectation crashed instead of judging.

    `exception_info` has two shapes: one record, or one record per metric.
    """
    info = result.exception_info or {}
    records = [info] if "raised_exception" in info else [r for r in info.values() if isinstance(r, dict)]
    if any(record.get("raised_exception") for record in records):
        return True
    return not result.success and "unexpected_count" not in (result.result or {})
