-- One row per definition, centre, local day and value of a dimension: how long answered stays in queues took.
with
    units as (
        select centre, day, channel, queue_group, queue_id as queue, is_answered, wait_seconds
        from {{ ref("int_contact__queue_stays") }}
    ),

    {{
        daily_metrics(
            {"M4_queue": {"of": "is_answered", "mean": "wait_seconds"}},
            ["channel", "queue_group", "queue"],
        )
    }}
