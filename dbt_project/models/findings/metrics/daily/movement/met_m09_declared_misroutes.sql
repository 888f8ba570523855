-- One row per definition, centre, local day and value of a dimension: contacts whose agent declared a
-- misroute.
with
    {{
        daily_metrics(
            {"M9d": {"share": "is_misroute_declared", "of": "disposition is not null"}},
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
            where="coalesce(is_customer_initiated, true) and coalesce(is_answered, true)",
        )
    }}
