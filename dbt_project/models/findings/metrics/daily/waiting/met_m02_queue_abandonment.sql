-- One row per definition, centre, local day and value of a dimension: stays in queues that the customer
-- ended.
with
    units as (
        select centre, day, channel, queue_group, queue_id as queue, is_abandoned, is_short_abandon
        from {{ ref("int_contact__queue_stays") }}
    ),

    {{
        daily_metrics(
            {
                "M2_queue": {"of": "not is_short_abandon", "share": "is_abandoned"},
                "M2_queue_with_short": {"of": "true", "share": "is_abandoned"},
            },
            ["channel", "queue_group", "queue"],
        )
    }}
