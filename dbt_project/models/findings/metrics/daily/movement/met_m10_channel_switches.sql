-- One row per definition, centre, local day and value of a dimension: how often journeys changed the channel.
with
    units as (
        select j.*, s.n_channel_switches
        from {{ ref("int_metric__journeys") }} as j
        inner join {{ ref("int_journey__channel_switches") }} as s on j.journey_key = s.journey_key
    ),

    {{
        daily_metrics(
            {
                "M10": {"mean": "n_channel_switches"},
                "M10_share": {"share": "n_channel_switches > 0"},
            },
            ["channel", "reason"],
        )
    }}
