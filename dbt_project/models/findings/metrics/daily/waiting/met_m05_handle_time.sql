-- One row per definition, centre, local day and value of a dimension: how long agents worked on a leg.
{% set is_handled = "answered_at is not null" %}
with
    {{
        daily_metrics(
            {
                "M5": {"of": is_handled, "mean": "talk_seconds + hold_seconds + wrap_up_seconds"},
                "M5_talk": {"of": is_handled, "mean": "talk_seconds"},
                "M5_hold": {"of": is_handled, "mean": "hold_seconds"},
                "M5_wrap_up": {"of": is_handled, "mean": "wrap_up_seconds"},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__legs"),
        )
    }}
