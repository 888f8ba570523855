-- One row per definition, centre, local day and value of a dimension: contacts that agents call resolved.
with
    {{
        daily_metrics(
            {
                "M12e": {
                    "of": "disposition is not null",
                    "share": folded_word("disposition") ~ " in " ~ resolved_words(),
                },
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
            where="coalesce(is_customer_initiated, true) and coalesce(is_answered, true)",
        )
    }}
