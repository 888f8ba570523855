-- One row per definition, centre, local day and value of a dimension: stays in queues that were abandoned.
with
    {{
        daily_metrics(
            {
                "M2_queue": {"of": "not is_short_abandon", "share": "is_abandoned"},
                "M2_queue_with_short": {"share": "is_abandoned"},
            },
            ["channel", "queue_group", "queue"],
            units=ref("int_contact__queue_stays"),
        )
    }}
