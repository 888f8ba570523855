"""The step that judges: small deliveries, when a check warns or turns red."""

from datetime import date

import dagster as dg
import pandas as pd
import pytest

from orchestration.defs import blind_spots

DAY = date(2025, 2, 17)
BS01 = {
    "blind_spot_id": "BS01",
    "name": "Contacts with no CRM case",
    "model": "cov_bs01_contacts_without_case",
}


def test_checks_are_called_by_id_and_words() -> None:
    names = {row["blind_spot_id"]: blind_spots.check_name(row) for row in blind_spots.implemented()}
    assert names["BS01"] == "BS01_contacts_without_case"
    assert names["BS49"] == "BS49_check_itself_errored"


def test_small_deliveries_of_one_source_and_day_share_a_sentence() -> None:
    rows = [("crm", "cases", DAY, 1, 1000.0), ("crm", "notes", DAY, 20, 90.0), ("tel", "calls", DAY, 4, 50.0)]
    assert list(blind_spots._small_deliveries(rows)) == [
        "crm/cases delivered 1 row on 2025-02-17, where 1,000 are usual, and 1 more file set likewise. "
        "They landed, and count as BS04.",
        "tel/calls delivered 4 rows on 2025-02-17, where 50 are usual. They landed, and count as BS04.",
    ]


RED, WARNING = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def _checked(severity: str, **rows: str) -> dg.AssetCheckResult:
    """The check of BS01 by its registered severity and the statuses of rows, each named `scope_window`."""
    scopes = [name.split("_", 1) for name in rows]
    results = pd.DataFrame(
        {
            "blind_spot_id": "BS01",
            "source_instance": "tel",
            "scope_type": [scope for scope, _ in scopes],
            "window_type": [window for _, window in scopes],
            "status": list(rows.values()),
            "affected_share": 0.25,
        }
    )
    return blind_spots._check(BS01 | {"severity": severity}, results, results)


@pytest.mark.parametrize("status", ["warn", "blind", "errored"])
@pytest.mark.parametrize(("severity", "colour"), [("error", RED), ("warn", WARNING), ("info", WARNING)])
def test_a_check_that_fails_is_red_only_where_the_registry_says_error(
    severity: str, colour: dg.AssetCheckSeverity, status: str
) -> None:
    check = _checked(severity, source_span=status)
    assert (check.passed, check.severity) == (False, colour)
    assert check.metadata["status"].value == status


def test_a_check_looks_at_whole_sources_over_the_whole_span() -> None:
    """Single teams and weeks go wrong by chance; they stand in `mart_blind_spot`."""
    check = _checked("error", source_span="ok", team_span="blind", source_week="blind")
    assert check.passed
    assert check.metadata["affected_share/tel"].value == 0.25
