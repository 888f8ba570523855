-- One row per definition, centre, local day and value of a dimension: stays in queues.
with
    units as (
        select
            centre,
            day,
            channel,
            queue_group,
            queue_id as queue,
            true as is_stay,
            is_answered,
            is_abandoned,
            is_flow_out
        from {{ ref("int_contact__queue_stays") }}
    ),

    {{
        daily_metrics(
            {
                "M1_queue_offered": {"count": "is_stay"},
                "M1_queue_answered": {"count": "is_answered"},
                "M1_queue_abandoned": {"count": "is_abandoned"},
                "M1_queue_flow_outs": {"count": "is_flow_out"},
            },
            ["channel", "queue_group", "queue"],
        )
    }}
