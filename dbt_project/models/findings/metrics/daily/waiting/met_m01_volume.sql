-- One row per definition, centre, local day and value of a dimension: contacts that asked for somebody.
with
    units as (
        select
            centre,
            started_date as day,
            channel,
            reason,
            first_team_id as team,
            first_queue_group as queue_group,
            is_queued,
            is_answered,
            is_queued and is_abandoned as is_lost
        from {{ ref("int_contact__enriched") }}
        where coalesce(is_customer_initiated, true)
    ),

    {{
        daily_metrics(
            {
                "M1_offered": {"count": "is_queued"},
                "M1_handled": {"count": "is_answered"},
                "M1_abandoned": {"count": "is_lost"},
            },
            ["channel", "reason", "team", "queue_group"],
        )
    }}
