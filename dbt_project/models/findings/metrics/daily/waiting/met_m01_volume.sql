-- One row per definition, centre, local day and value of a dimension: contacts that customers began.
with
    {{
        daily_metrics(
            {
                "M1_offered": {"count": "is_queued"},
                "M1_handled": {"count": "is_answered"},
                "M1_abandoned": {"count": "is_queued and is_abandoned"},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
            where="coalesce(is_customer_initiated, true)",
        )
    }}
