"""The main job on two exports nobody here wrote, against what was measured on them by hand."""

from pathlib import Path

import pytest

from tests.integration.conftest import Run
from tests.keys import check_keys

pytestmark = [pytest.mark.integration, pytest.mark.real_data]

SERVICENOW = "source_instance = 'servicenow_incident_log'"
EAGLE = "source_instance = 'eagle_bank_crm'"


@pytest.mark.parametrize(
    ("what", "query", "expected"),
    [
        ("incidents", f"count(*) FROM mart_case WHERE {SERVICENOW}", 24_918),
        ("landed events", f"sum(n_updates) FROM mart_case WHERE {SERVICENOW}", 141_712),
        (
            "reassigned by the vendor's counter",
            "count(*) FROM mart_case WHERE vendor_reassignment_count > 0",
            11_369,
        ),
        ("reopened by the vendor's counter", "count(*) FROM mart_case WHERE vendor_reopen_count > 0", 275),
        ("reopened by the states", "count(*) FROM mart_case WHERE n_reopens > 0", 276),
        ("service level missed", "count(*) FROM mart_case WHERE NOT is_sla_met", 9_115),
        ("knowledge used", "count(*) FROM mart_case WHERE is_knowledge_used", 3_657),
        ("cases with a known team", "count(n_handoffs) FROM mart_case", 24_545),
        ("cases with a handoff", "count(*) FROM mart_case WHERE n_handoffs > 0", 9_575),
        ("handoffs", "sum(n_handoffs) FROM mart_case", 19_087),
        ("cases with a direct return", "count(*) FROM mart_case WHERE n_returns_direct > 0", 2_216),
        ("cases with any return", "count(*) FROM mart_case WHERE n_returns_any > 0", 2_628),
        ("complaints", f"count(*) FROM mart_case WHERE {EAGLE}", 23_419),
        ("calls", "count(*) FROM mart_contact", 3_999),
        ("calls linked to a complaint", "count(*) FROM mart_contact WHERE is_case_linked", 2_504),
        ("calls without a case", "count(*) FROM mart_contact WHERE NOT is_case_linked", 1_495),
        ("escalations", "count(*) FROM mart_case WHERE is_escalated", 6_303),
        ("untimely responses", "count(*) FROM mart_case WHERE NOT is_timely_response", 371),
    ],
)
def test_measured_figures(real: Run, what: str, query: str, expected: int) -> None:
    assert real.one(f"SELECT {query}") == expected, what


def test_the_keys_of_the_tables_below_the_marts_hold(real: Run, tmp_path: Path) -> None:
    check_keys(real.home, tmp_path)


def test_settled_counts_stand_beside_raw_ones(real: Run) -> None:
    raw, settled = real.rows("SELECT sum(n_handoffs), sum(n_handoffs_settled) FROM mart_case")[0]
    assert 0 < settled < raw


def test_calls_without_a_case(real: Run) -> None:
    """Of 1,495 calls 49 lack the case they should have; 576 and 404 cannot be decided."""
    affected, undecidable = real.rows(
        "SELECT affected_n, undecidable_n FROM mart_blind_spot "
        "WHERE blind_spot_id = 'BS01' AND scope_type = 'source' AND window_type = 'span' "
        "AND source_instance = 'eagle_bank_calls'"
    )[0]
    assert (affected, undecidable) == (49, 576 + 404)
    unlinked = "FROM mart_contact WHERE NOT is_case_linked AND talk_seconds >= 30"
    last_complaint = "(SELECT last_date FROM mart_source_span WHERE source_instance = 'eagle_bank_crm')"
    in_span = f"CAST(started_local_at AS DATE) <= {last_complaint}"
    assert real.one(f"SELECT count(*) {unlinked} AND is_answered AND {in_span}") == 49
    assert real.one(f"SELECT count(*) {unlinked} AND is_answered IS NULL AND {in_span}") == 576
    assert real.one(f"SELECT count(*) {unlinked} AND coalesce(is_answered, true) AND NOT ({in_span})") == 404
    assert real.one("SELECT count(*) FROM mart_contact WHERE NOT is_case_linked AND talk_seconds < 30") == 466


def test_a_log_without_escalations_says_so(real: Run) -> None:
    assert real.one(f"SELECT count(is_escalated) FROM mart_case WHERE {SERVICENOW}") == 0
    states = real.rows(
        "SELECT DISTINCT state, grade, n_observed FROM mart_escalation_heatmap "
        "WHERE centre = 'servicenow_incident_log' AND metric_id = 'escalated'"
    )
    assert states == [("blind", "D", None)]
    status, share = real.rows(
        "SELECT status, affected_share FROM mart_blind_spot WHERE blind_spot_id = 'BS26' "
        "AND source_instance = 'servicenow_incident_log' AND scope_type = 'source' AND window_type = 'span'"
    )[0]
    assert (status, share) == ("blind", 1.0)


def test_what_the_log_does_hold_is_seen(real: Run) -> None:
    seen = real.rows(
        "SELECT metric_id, max(data_confidence) FROM mart_escalation_heatmap WHERE window_type = 'span' "
        "AND centre = 'servicenow_incident_log' AND state <> 'blind' GROUP BY 1 ORDER BY 1"
    )
    assert [metric for metric, _ in seen] == ["bounced", "reopened", "sla_missed"]
    assert all(confidence >= 0.9 for _, confidence in seen)


def test_complaints_without_a_history_leave_reopening_open(real: Run) -> None:
    assert real.one("SELECT count(is_reopened) FROM mart_journey WHERE centre = 'eagle_bank'") == 0
    assert real.one("SELECT count(n_handoffs) FROM mart_case WHERE " + EAGLE) == 0


def test_nothing_was_quarantined(real: Run) -> None:
    assert real.one("SELECT sum(n_quarantined) FROM mart_source_health") == 0


def test_no_customer_can_be_read(real: Run) -> None:
    names = real.one(
        "SELECT count(*) FROM mart_case WHERE customer_id LIKE 'Caller%' OR length(customer_id) <> 32"
    )
    assert names == 0
