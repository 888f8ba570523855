"""The main job, the daily schedule that runs it, and the sensor that keeps its way clear."""

import dagster as dg

from orchestration import settings
from orchestration.errors import ConfigurationError
from orchestration.runs import run_store

publish_marts = dg.define_asset_job(
    "publish_marts",
    selection=dg.AssetSelection.all(),
    description="From delivered exports to the published heatmap.",
)


def daily(cron: str) -> dg.ScheduleDefinition:
    """The schedule that runs the main job every day.

    Args:
        cron: when it runs, in UTC.

    Raises:
        orchestration.errors.ConfigurationError: `cron` is no cron time.
    """
    try:
        return dg.ScheduleDefinition(
            name="daily",
            job=publish_marts,
            cron_schedule=cron,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    except dg.DagsterInvalidDefinitionError as error:
        raise ConfigurationError(
            f"FAULTLINE_SCHEDULE {cron!r} is no cron time. Write e.g. `0 5 * * *` for 05:00 UTC every day."
        ) from error


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def killed_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Ends runs whose process is gone. Dagster starts no run while it takes another one for running."""
    settled = run_store.settle(context.instance, settings.load().paths)
    return dg.SkipReason(f"Ended as failed: {', '.join(settled)}." if settled else "Every run is alive.")


@dg.definitions
def schedules() -> dg.Definitions:
    """The job, its schedule at the time that the settings name, and the sensor."""
    return dg.Definitions(
        jobs=[publish_marts], schedules=[daily(settings.load().schedule)], sensors=[killed_runs]
    )
