"""Judgement of blind spots with Great Expectations.

Belongs here: suites built from the registry, what a result means, Data Docs.
Does not belong here: measuring (dbt coverage models), reading or writing databases, Dagster.
May import: great_expectations and pandas; nothing else of the project.
"""
