"""Dagster definitions, one module per stage.

Belongs here: assets, checks, jobs and schedules that wire the stages together.
Does not belong here: any logic that could be a function elsewhere.
May import: everything of the project except the simulator.
"""
