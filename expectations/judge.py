"""Judges the coverage of blind spots: ok, warn, blind or errored for every scope and window.

The coverage comes from SQL; Great Expectations compares each affected share with the thresholds of the
registry. A judge that breaks says `errored`, which is never the same as a check that failed.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.results import SCOPE, read_statuses

COVERAGE_COLUMNS = ("blind_spot_id", *SCOPE, "affected_share")
RESULT_COLUMNS = (*COVERAGE_COLUMNS[:-1], "status")
RESULT_TYPES = {name: "DATE" if name == "window_start" else "VARCHAR" for name in RESULT_COLUMNS}
"""The SQL type of each column where results are stored."""
MAX_BATCH_ROWS = 20_000  # judging grows faster than linearly when most rows fail


def judge(coverage: pd.DataFrame, registry: pd.DataFrame, docs: Path) -> pd.DataFrame:
    """Judges every scope with coverage.

    Args:
        coverage: one row per blind spot, source instance, scope and window, with the columns of
            `COVERAGE_COLUMNS`; rows whose share is null have nothing to judge and are left out.
        registry: one row per blind spot with `blind_spot_id`, `name`, `overlap_group`, `entity`, `question`,
            `remedy`, `owner_function`, `warn_share`, `blind_share`.
        docs: folder for Great Expectations' project and its Data Docs; made anew.

    Returns:
        One row per judged scope with the columns of `RESULT_COLUMNS`; `status` is `ok`, `warn`,
        `blind` or `errored`.

    Raises:
        ValueError: two rows of one blind spot have the same scope.
    """
    checkpoint, suites = _judges()
    is_judged = coverage["affected_share"].notna() & coverage["blind_spot_id"].isin(registry["blind_spot_id"])
    judged = coverage.loc[is_judged, list(COVERAGE_COLUMNS)].reset_index(drop=True)
    shares = _shares_by_scope(judged)
    context = checkpoint.open_project(docs)
    built = suites.suites(registry, list(shares.columns))
    point = checkpoint.add_checkpoint(context, built) if built else None
    statuses: dict[tuple[str, ...], str] = {}
    for start in range(0, len(shares), MAX_BATCH_ROWS):
        batch = shares.iloc[start : start + MAX_BATCH_ROWS]
        run_name = f"scopes_{start + 1}_to_{start + len(batch)}"
        results = _results(point, batch, run_name) if point else {}
        statuses.update(_statuses(batch, results))
    context.build_data_docs()
    names = zip(judged["blind_spot_id"], *(_as_text(judged)[column] for column in SCOPE), strict=True)
    return judged.assign(status=[statuses[name] for name in names])[list(RESULT_COLUMNS)]


def import_ahead() -> threading.Thread:
    """Imports Great Expectations, which takes seconds, in a thread while the caller waits for dbt."""

    def load() -> None:
        with contextlib.suppress(ImportError):  # whoever judges imports it again, and reports the error
            _judges()

    ahead = threading.Thread(target=load, daemon=True)
    ahead.start()
    return ahead


def docs_index(docs: Path) -> Path:
    """The page of the Data Docs below the folder given to `judge`."""
    return docs / "gx" / "uncommitted" / "data_docs" / "local_site" / "index.html"


def _judges() -> tuple[Any, Any]:
    """The modules that need Great Expectations, imported only where something is judged."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    from expectations import checkpoint, suites

    return checkpoint, suites


def _as_text(judged: pd.DataFrame) -> pd.DataFrame:
    return judged.astype(dict.fromkeys(SCOPE, str))


def _shares_by_scope(judged: pd.DataFrame) -> pd.DataFrame:
    """One row per scope, indexed by its names as text, and one column of shares per blind spot."""
    return _as_text(judged).pivot(index=list(SCOPE), columns="blind_spot_id", values="affected_share")


def _results(point: Any, batch: pd.DataFrame, run_name: str) -> dict[str, list[Any]]:
    checkpoint, _ = _judges()
    try:
        results: dict[str, list[Any]] = checkpoint.run(point, batch, run_name)
    except Exception:  # a broken judge must not look like a healthy check
        logging.getLogger(__name__).exception("judging %s failed", run_name)
        return {}
    return results


def _statuses(batch: pd.DataFrame, results: dict[str, list[Any]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Status of each judged cell of a batch, by blind spot and scope."""
    for blind_spot_id in batch.columns:
        scopes = list(batch[blind_spot_id].dropna().index)
        found = read_statuses(results.get(blind_spot_id, []), scopes)
        yield from zip(((blind_spot_id, *scope) for scope in scopes), found, strict=True)
