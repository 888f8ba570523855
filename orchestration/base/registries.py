"""Registries, the tables of `seeds/reference`, for code that reads them beside dbt."""

import csv

from orchestration.base import code


def rows(file_name: str) -> list[dict[str, str]]:
    """The rows of a registry, such as `blind_spots.csv`, in their order; every value is a text."""
    with (code.REGISTRIES / file_name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
