-- One row per definition, centre, local day and value of a dimension: how long answered stays in queues took.
with
    {{
        daily_metrics(
            {
                "M4_queue": {"of": "is_answered", "mean": "wait_seconds"},
            },
            ["channel", "queue_group", "queue"],
            units=ref("int_contact__queue_stays"),
        )
    }}
