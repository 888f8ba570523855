-- One row per definition, centre, local day and value of a dimension: contacts whose customer gave up
-- waiting.
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
            is_abandoned,
            is_short_abandon
        from {{ ref("int_contact__enriched") }}
        where coalesce(is_customer_initiated, true)
    ),

    {{
        daily_metrics(
            {
                "M2": {"of": "is_queued and not is_short_abandon", "share": "is_abandoned"},
                "M2_with_short": {"of": "is_queued", "share": "is_abandoned"},
            },
            ["channel", "reason", "team", "queue_group"],
        )
    }}
