-- One row per definition, centre, local day and value of a dimension: how long agents worked on answered
-- legs.
with
    units as (
        select
            l.centre,
            c.started_date as day,
            c.channel,
            c.reason,
            l.team_id as team,
            l.queue_group,
            l.answered_at is not null as is_handled,
            l.talk_seconds,
            l.hold_seconds,
            l.wrap_up_seconds,
            l.talk_seconds + l.hold_seconds + l.wrap_up_seconds as handle_seconds
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
    ),

    {{
        daily_metrics(
            {
                "M5": {"of": "is_handled", "mean": "handle_seconds"},
                "M5_talk": {"of": "is_handled", "mean": "talk_seconds"},
                "M5_hold": {"of": "is_handled", "mean": "hold_seconds"},
                "M5_wrap_up": {"of": "is_handled", "mean": "wrap_up_seconds"},
            },
            ["channel", "reason", "team", "queue_group"],
        )
    }}
