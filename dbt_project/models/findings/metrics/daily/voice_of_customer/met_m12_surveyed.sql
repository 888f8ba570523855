-- One row per definition, centre, local day and value of a dimension: customers who say that one contact
-- was enough.
with
    {{
        daily_metrics(
            {"M12f": {"of": "answered_at is not null", "share": "known_value > 0"}},
            ["channel", "reason", "team"],
            units=ref("int_metric__surveys"),
            where="kind = 'resolved'",
        )
    }}
