"""Judgement of blind spots with Great Expectations.

Belongs here: expectation classes with words from the registry, suites, the checkpoint, what a result means,
Data Docs.
Does not belong here: measuring (dbt coverage models), reading or writing databases, Dagster.
May import: great_expectations and pandas; nothing else of the project. `judge` and `results` import
great_expectations only while they judge, because it costs seconds.
"""
