"""Publishing: what readers see changes in one swap, or not at all."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.base import progress
from orchestration.defs.transform import model_keys, relation_of
from orchestration.publish import built, publication
from orchestration.runs import dbt_docs, dbt_project
from orchestration.runs.run_store import PUBLICATION
from orchestration.runs.workspace import Workspace


def _marts() -> list[dg.AssetKey]:
    return [key for key in model_keys() if key.path[0] in ("marts", "reference")]


def published_marts(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Writes a new publication beside the present one and swaps it in."""
    home = workspace.home
    progress.say("Publishing")
    with workspace.connect(read_only=True) as connection:
        present = built.read(connection)
        built.require(present, [relation_of(key) for key in _marts()])
        newest = connection.execute("SELECT max(as_of_at) FROM marts.mart_source_span").fetchall()[0][0]
    stamp = newest.strftime("%Y%m%dT%H%M%SZ") if newest else "empty"
    about = publication.About(
        label=f"{stamp}-{present.inputs[:10]}",
        built_at=datetime.now(UTC).replace(microsecond=0, tzinfo=None),
        as_of_at=newest,
        code_version=dbt_project.code_version(),
        inputs=present.inputs,
    )
    done = publication.publish(
        home.warehouse,
        home.root,
        about,
        limits=workspace.settings.limits,
        only=present.relations,
        documentation=dbt_docs.current(workspace.settings),
    )
    return dg.MaterializeResult(
        metadata={
            "publication_id": done.id,
            "report": dg.MetadataValue.path(str(home.published / "report" / "index.html")),
            "dagster/row_count": sum(done.rows.values()),
            **{f"rows/{mart}": n for mart, n in sorted(done.rows.items())},
        }
    )


@dg.definitions
def publishing() -> dg.Definitions:
    """The publication, which needs every mart and every registry."""
    asset = dg.asset(
        key=PUBLICATION,
        deps=_marts(),
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=["team:service-analytics"],
        tags={"domain": "publication"},
        description="marts.duckdb for BI tools, a Parquet file per mart, and the report page.",
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36)),
    )
    return dg.Definitions(assets=[asset(published_marts)])
