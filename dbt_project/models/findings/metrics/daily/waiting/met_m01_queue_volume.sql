-- One row per definition, centre, local day and value of a dimension: stays in queues.
with
    {{
        daily_metrics(
            {
                "M1_queue_offered": {"count": "true"},
                "M1_queue_answered": {"count": "is_answered"},
                "M1_queue_abandoned": {"count": "is_abandoned"},
                "M1_queue_flow_outs": {"count": "is_flow_out"},
            },
            ["channel", "queue_group", "queue"],
            units=ref("int_contact__queue_stays"),
        )
    }}
