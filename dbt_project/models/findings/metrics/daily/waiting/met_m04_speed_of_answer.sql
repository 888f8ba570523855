-- One row per definition, centre, local day and value of a dimension: how long answered contacts had waited.
with
    units as (
        select
            centre,
            started_date as day,
            channel,
            reason,
            first_team_id as team,
            first_queue_group as queue_group,
            is_queued and is_answered as is_served,
            queue_wait_seconds
        from {{ ref("int_contact__enriched") }}
        where coalesce(is_customer_initiated, true)
    ),

    {{
        daily_metrics(
            {"M4": {"of": "is_served", "mean": "queue_wait_seconds"}},
            ["channel", "reason", "team", "queue_group"],
        )
    }}
