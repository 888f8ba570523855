"""What one run holds while it is at work.

Belongs here: the workspace and its lock, dbt as a process with its parsed project, Dagster's records of runs.
Does not belong here: what the steps of a run do (`defs` and the packages that these call).
May import: `base`, `sources`, `landing`, `publish`, `settings`, Dagster and dagster-dbt.
"""
