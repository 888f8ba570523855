-- One row per definition, centre, local day and value of a dimension: what customers answered in surveys.
{% set is_answered = "answered_at is not null" %}
{% set top = threshold_literal("csat_top_box") %}
with
    {{
        daily_metrics(
            {
                "M27b": {"of": is_answered ~ " and kind = 'csat'", "share": "known_value >= " ~ top},
                "M27b_nps": {
                    "of": is_answered ~ " and kind = 'nps'",
                    "mean": "case when known_value >= 9 then 100 when known_value > 6 then 0 when known_value >= 0 then -100 end",
                },
                "M27b_ces": {"of": is_answered ~ " and kind = 'ces'", "mean": "known_value"},
                "M27b_responses": {"share": is_answered},
            },
            ["channel", "reason", "team"],
            units=ref("int_metric__surveys"),
        )
    }}
