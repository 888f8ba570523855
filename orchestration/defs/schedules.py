"""The main job and the daily schedule that runs it."""

import dagster as dg

from orchestration import settings
from orchestration.errors import ConfigurationError

publish_marts = dg.define_asset_job(
    "publish_marts",
    selection=dg.AssetSelection.all(),
    description="From delivered exports to the published heatmap.",
    executor_def=dg.in_process_executor,
)


def _daily(cron: str) -> dg.ScheduleDefinition:
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


daily = _daily(settings.load().schedule)
