-- One row per definition, centre, local day and value of a dimension: how long answered contacts had waited.
with
    {{
        daily_metrics(
            {
                "M4": {"of": "is_queued and is_answered", "mean": "queue_wait_seconds"},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
            where="coalesce(is_customer_initiated, true)",
        )
    }}
