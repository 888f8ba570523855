-- One row per definition, centre, local day and value of a dimension: the sentiment of customers.
with
    units as (
        select s.centre, s.score_norm, c.day, c.channel, c.reason, c.team, c.queue_group
        from {{ ref("int_voice_of_customer__sentiment") }} as s
        inner join {{ ref("int_metric__contacts") }} as c on s.contact_key = c.contact_key
        where coalesce(s.party, 'customer') = 'customer'
    ),

    {{
        daily_metrics(
            {"M27a": {"mean": "score_norm"}},
            ["channel", "reason", "team", "queue_group"],
        )
    }}
