{# Made from seeds/reference/blind_spots.csv by `make generate`; do not edit. #}
{# The coverage model of every blind spot that one measures. #}
{% macro coverage_models() %}
    {% set models = {
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
    {{ return(models) }}
{% endmacro %}
