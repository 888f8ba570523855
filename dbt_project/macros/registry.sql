{# Made from seeds/reference by `make generate`; do not edit. #}
{# The coverage model of every blind spot that one measures. #}
{% macro coverage_models() %}
    {% set found = {
        "BS01": "cov_bs01_contacts_without_case",
        "BS02": "cov_bs02_cases_without_contact",
        "BS03": "cov_bs03_silent_hours",
        "BS04": "cov_bs04_unusual_volume",
        "BS07": "cov_bs07_broken_chains",
        "BS08": "cov_bs08_unmapped_queues",
        "BS10": "cov_bs10_missing_dispositions",
        "BS11": "cov_bs11_unknown_reasons",
        "BS13": "cov_bs13_unmapped_agents",
        "BS20": "cov_bs20_case_history_gaps",
        "BS25": "cov_bs25_escalations_without_evaluation",
        "BS26": "cov_bs26_unrecorded_escalations",
        "BS36": "cov_bs36_clock_skew",
        "BS38": "cov_bs38_repeated_records",
        "BS40": "cov_bs40_unusable_numbers",
        "BS41": "cov_bs41_ambiguous_customers",
        "BS44": "cov_bs44_schema_drift",
        "BS46": "cov_bs46_filtered_exports",
        "BS47": "cov_bs47_test_traffic",
    } %}
    {{ return(found) }}
{% endmacro %}

{# The model of every metric of the heatmap. #}
{% macro metric_models() %}
    {% set found = {
        "escalated": "met_escalated",
        "reopened": "met_reopened",
        "sla_missed": "met_sla_missed",
        "bounced": "met_bounced",
        "escalated_derived": "met_escalated_derived",
    } %}
    {{ return(found) }}
{% endmacro %}

{# The models of the metrics of a day, as keys. #}
{% macro daily_metric_models() %}
    {% set found = {
        "met_m01_volume": none,
        "met_m01_queue_volume": none,
        "met_m02_abandonment": none,
        "met_m02_queue_abandonment": none,
        "met_m03_service_level": none,
        "met_m04_speed_of_answer": none,
        "met_m04_queue_speed_of_answer": none,
        "met_m05_handle_time": none,
        "met_m05_contact_handle_time": none,
        "met_m06_time_to_human": none,
        "met_m07_transfers": none,
        "met_m07_cold_transfers": none,
        "met_m08_handoffs": none,
        "met_m13_reopened": none,
        "met_m14_first_assignment": none,
        "met_m17_escalated_journeys": none,
    } %}
    {{ return(found) }}
{% endmacro %}

{# The value of every threshold. #}
{% macro threshold_values() %}
    {% set found = {
        "short_abandon_seconds": 5,
        "service_level_target_share": 0.8,
        "service_level_target_seconds": 20,
        "misroute_talk_seconds": 120,
        "journey_gap_same_reason_days": 14,
        "journey_gap_unknown_reason_hours": 72,
        "journey_close_days": 30,
        "shared_account_cases": 20,
        "repeat_window_short_days": 7,
        "repeat_window_medium_days": 14,
        "repeat_window_long_days": 30,
        "ping_pong_min_dwell_seconds": 60,
        "decision_window_minutes": 15,
        "ownership_gap_target_business_hours": 4,
        "crm_lag_minutes": 15,
        "knowledge_fix_days": 14,
        "alert_window_minutes": 60,
        "risk_refresh_hours": 24,
        "risk_trigger_n": 2,
        "late_days": 7,
        "min_n": 10,
        "observed_min": 5,
        "expected_min": 2,
        "false_discovery_rate": 0.1,
        "risk_ratio_floor": 1.25,
        "confirm_p": 0.05,
        "grade_a_min": 0.9,
        "grade_b_min": 0.75,
        "grade_c_min": 0.5,
        "baseline_weeks": 8,
        "min_points": 6,
        "ewma_lambda": 0.2,
        "ewma_limit": 2.7,
        "cusum_slack": 0.5,
        "cusum_limit": 5,
        "bs26_p_zero": 0.01,
        "bs03_p_zero": 0.001,
        "handled_talk_seconds": 30,
        "case_link_hours": 24,
        "history_neighbours": 20,
        "shared_number_customers": 5,
        "other_disposition_share": 0.8,
        "stable_observed_min": 16,
        "top_blind_spot_min_share": 0.01,
        "bs04_z": 4,
        "small_delivery_share": 0.5,
        "small_delivery_baseline": 8,
        "small_delivery_min_points": 4,
        "bs46_min_ids": 100,
        "bs46_min_density": 0.2,
        "bs46_p_zero": 0.001,
        "bs36_skew_seconds": 120,
    } %}
    {{ return(found) }}
{% endmacro %}
