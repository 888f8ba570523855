-- One row per definition, centre, local day and value of a dimension: time from the start to the first human.
-- An answer before the start means that two clocks disagree, so the time between them is unknown.
{% set seconds_to_human %}
    case
        when first_answered_at >= started_at
        then {{ dbt.datediff("started_at", "first_answered_at", "second") }}
    end
{% endset %}
with
    {{
        daily_metrics(
            {
                "M6": {"of": "is_answered", "mean": seconds_to_human},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
            where="coalesce(is_customer_initiated, true)",
        )
    }}
