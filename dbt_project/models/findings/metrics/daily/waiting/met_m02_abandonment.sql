-- One row per definition, centre, local day and value of a dimension: contacts abandoned while they waited.
with
    {{
        daily_metrics(
            {
                "M2": {"of": "is_queued and not is_short_abandon", "share": "is_abandoned"},
                "M2_with_short": {"of": "is_queued", "share": "is_abandoned"},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
            where="coalesce(is_customer_initiated, true)",
        )
    }}
