-- One row per definition, centre, local day and value of a dimension: contacts that agents transferred.
-- Moves between queues that no agent asked for are no transfers, and are counted apart.
with
    units as (
        select
            centre,
            started_date as day,
            channel,
            reason,
            first_team_id as team,
            first_queue_group as queue_group,
            is_answered,
            n_transfers,
            n_transfers > 0 as is_transferred,
            n_queue_moves
        from {{ ref("int_contact__enriched") }}
        where coalesce(is_customer_initiated, true)
    ),

    {{
        daily_metrics(
            {
                "M7a": {"of": "is_answered", "share": "is_transferred"},
                "M7b": {"of": "is_answered", "mean": "n_transfers"},
                "M7b_queue_moves": {"of": "is_answered", "mean": "n_queue_moves"},
            },
            ["channel", "reason", "team", "queue_group"],
        )
    }}
