-- One row per definition, centre, local day and value of a dimension: contacts that agents transferred.
-- A move between queues that no agent asked for is no transfer; such moves are counted apart.
with
    {{
        daily_metrics(
            {
                "M7a": {"of": "is_answered", "share": "n_transfers > 0"},
                "M7b": {"of": "is_answered", "mean": "n_transfers"},
                "M7b_queue_moves": {"of": "is_answered", "mean": "n_queue_moves"},
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
            where="coalesce(is_customer_initiated, true)",
        )
    }}
