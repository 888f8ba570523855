-- One row per definition, centre, local day and value of a dimension: how long agents worked on answered
-- contacts.
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
            talk_seconds + hold_seconds + wrap_up_seconds as handle_seconds
        from {{ ref("int_contact__enriched") }}
    ),

    {{
        daily_metrics(
            {"M5_contact": {"of": "is_answered", "mean": "handle_seconds"}},
            ["channel", "reason", "team", "queue_group"],
        )
    }}
