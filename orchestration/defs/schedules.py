"""The main job and the daily schedule that runs it."""

import dagster as dg

from orchestration import settings

publish_marts = dg.define_asset_job(
    "publish_marts",
    selection=dg.AssetSelection.all(),
    description="From delivered exports to the published heatmap.",
    executor_def=dg.in_process_executor,
)

daily = dg.ScheduleDefinition(
    name="daily",
    job=publish_marts,
    cron_schedule=settings.load().schedule,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
