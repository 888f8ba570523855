"""Blind spots: what dbt measured is judged by Great Expectations, one asset check per blind spot."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from expectations import judge
from orchestration.base import progress, registries
from orchestration.base.wording import count
from orchestration.defs.python_table import Made, python_table
from orchestration.landing import unknown_words
from orchestration.publish import built
from orchestration.runs.workspace import Workspace

JUDGED: built.Relation = ("judged", "blind_spot_results")
READS: set[built.Relation] = {
    ("coverage", "cov_scopes"),
    ("intermediate", "int_source__deliveries"),
    ("intermediate", "int_source__unknown_words"),
    ("reference", "blind_spots"),
}
RESULTS = dg.AssetKey(JUDGED)
_SMALL_DELIVERIES = (
    "SELECT source_instance, file_set, day, n_rows, n_usual FROM intermediate.int_source__deliveries "
    "WHERE is_newest AND is_small ORDER BY source_instance, day, file_set"
)
_SEVERITY = {"error": dg.AssetCheckSeverity.ERROR}


def implemented() -> list[dict[str, str]]:
    """Registry rows of the blind spots that are measured; BS49 judges the judging itself."""
    return [row for row in registries.rows("blind_spots.csv") if row["is_implemented"] == "true"]


def prepare() -> None:
    """Has the judge imported while dbt builds what it judges: that takes seconds."""
    judge.import_ahead()


def check_name(row: dict[str, str]) -> str:
    """Name of the asset check of a registry row, e.g. `BS01_contacts_without_case`, as its model is called.

    What no coverage model measures is called by its registered name.
    """
    blind_spot_id = row["blind_spot_id"]
    words = row["model"].partition(f"cov_{blind_spot_id.lower()}_")[2] or row["name"].lower()
    return f"{blind_spot_id}_{words.replace(' ', '_')}"


_CHECKS = [
    dg.AssetCheckSpec(name=check_name(row), asset=RESULTS, description=f"{row['name']}. {row['question']}")
    for row in implemented()
]


@python_table(
    JUDGED,
    reads=READS,
    columns=judge.RESULT_TYPES,
    group_name="judged",
    kinds={"great_expectations"},
    owners=["team:data-engineering"],
    tags={"domain": "blind_spots"},
    check_specs=_CHECKS,
    description="One row per blind spot, source instance, scope and window: ok, warn, blind or errored.",
)
def blind_spot_results(
    context: dg.AssetExecutionContext, connection: duckdb.DuckDBPyConnection, workspace: Workspace
) -> Made:
    """Judges the coverage; says what a person should know of the newest deliveries and of unknown words."""
    progress.say("Judging blind spots")
    small = connection.execute(_SMALL_DELIVERIES).fetchall()
    words = connection.execute(unknown_words.QUERY).fetchall()
    for message in _small_deliveries(small):
        context.log.warning(message)
        progress.warn(f"Small delivery: {message}")
    for sentence in unknown_words.sentences(words):
        context.log.warning(sentence)
        progress.warn(sentence)
    coverage = connection.execute("SELECT * FROM coverage.cov_scopes").df()
    registry = connection.execute("SELECT * FROM reference.blind_spots WHERE is_implemented").df()
    results = judge.judge(coverage, registry, workspace.home.gx)
    counts = results["status"].value_counts().to_dict()
    metadata = {
        "data_docs": dg.MetadataValue.path(str(judge.docs_index(workspace.home.gx))),
        **{f"n_{status}": int(n) for status, n in counts.items()},
    }
    return Made(results, metadata, [_check(row, coverage, results) for row in implemented()])


def _small_deliveries(rows: list[tuple[str, str, date, int, float]]) -> Iterator[str]:
    """A sentence for each source and day with small deliveries; of several file sets it names the first."""
    for (source, day), small in groupby(rows, key=lambda row: (row[0], row[2])):
        (_, file_set, _, n_rows, n_usual), *others = small
        more = f", and {count(len(others), 'more file set')} likewise" if others else ""
        yield (
            f"{source}/{file_set} delivered {count(n_rows, 'row')} on {day}, where {n_usual:,.0f} are usual"
            f"{more}. They landed, and count as BS04."
        )


def _check(row: dict[str, str], coverage: pd.DataFrame, results: pd.DataFrame) -> dg.AssetCheckResult:
    """The asset check of one blind spot, worst source first.

    It fails when a whole source over its whole span is judged `warn`, `blind` or `errored`. It is then red
    where the registry says `error`, and a warning elsewhere. Single teams, weeks and other scopes never fail
    it, because small ones go wrong by chance.
    """
    blind_spot_id = row["blind_spot_id"]
    if blind_spot_id == "BS49":
        n_errored = int((results["status"] == "errored").sum())
        return dg.AssetCheckResult(
            check_name=check_name(row),
            passed=n_errored == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"affected_share": n_errored / max(len(results), 1), "n_errored": n_errored},
        )
    whole = (coverage["scope_type"] == "source") & (coverage["window_type"] == "span")
    shares = coverage[whole & (coverage["blind_spot_id"] == blind_spot_id)].dropna(subset=["affected_share"])
    verdicts = results[(results["scope_type"] == "source") & (results["window_type"] == "span")]
    seen = set(verdicts.loc[verdicts["blind_spot_id"] == blind_spot_id, "status"])
    metadata: dict[str, Any] = {
        "status": next((s for s in ("errored", "blind", "warn", "ok") if s in seen), "not_applicable")
    }
    for source in shares.sort_values("affected_share", ascending=False).to_dict("records"):
        metadata.setdefault("affected_share", float(source["affected_share"]))
        metadata[f"affected_share/{source['source_instance']}"] = float(source["affected_share"])
    return dg.AssetCheckResult(
        check_name=check_name(row),
        passed=not seen & {"errored", "blind", "warn"},
        severity=_SEVERITY.get(row["severity"], dg.AssetCheckSeverity.WARN),
        metadata=metadata,
    )
