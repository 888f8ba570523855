"""What analysts and schedulers find in Dagster: the graph of assets, its checks, jobs and schedules."""
