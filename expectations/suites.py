"""Expectation suites: one per overlap group of the registry. Importing this imports Great Expectations."""

import logging
from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

import great_expectations as gx
import pandas as pd

from expectations.shares import LEVELS, ExpectAffectedShareToStayWithinWarn

GROUP = "overlap_group"


def suites(registry: pd.DataFrame, measured: Collection[str]) -> list[gx.ExpectationSuite]:
    """Suites of the measured blind spots, each named after its overlap group, in order of their names.

    A blind spot whose expectations cannot be built is left out and logged; without results it counts as
    errored. A group of which nothing is left gives no suite.
    """
    checks = registry[registry["blind_spot_id"].isin(list(measured))].sort_values([GROUP, "blind_spot_id"])
    built = []
    for group, members in groupby(checks.to_dict("records"), key=lambda check: str(check[GROUP])):
        expectations = [expectation for check in members for expectation in _of_check(check)]
        if expectations:
            built.append(gx.ExpectationSuite(name=group, expectations=expectations))
    return built


def _of_check(check: Mapping[Any, Any]) -> list[ExpectAffectedShareToStayWithinWarn]:
    try:
        return [level.of(check) for level in LEVELS]
    except Exception:  # one broken row of the registry must not keep the others from being judged
        logging.getLogger(__name__).exception("building expectations of %s failed", check["blind_spot_id"])
        return []
