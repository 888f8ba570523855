-- One row per definition, centre, local day and value of a dimension: how long agents worked on a contact.
with
    {{
        daily_metrics(
            {
                "M5_contact": {
                    "of": "is_answered",
                    "mean": "talk_seconds + hold_seconds + wrap_up_seconds",
                },
            },
            ["channel", "reason", "team", "queue_group"],
            units=ref("int_metric__contacts"),
        )
    }}
