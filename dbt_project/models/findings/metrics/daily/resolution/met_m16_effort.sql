-- One row per definition, centre, local day and value of a dimension: what journeys cost their customers.
with
    units as (
        select j.*, e.effort_without_reasks, e.effort_index
        from {{ ref("int_metric__journeys") }} as j
        inner join {{ ref("int_journey__efforts") }} as e on j.journey_key = e.journey_key
    ),

    {{
        daily_metrics(
            {
                "M16": {"mean": "effort_index"},
                "M16_without_reasks": {"mean": "effort_without_reasks"},
            },
            ["channel", "reason"],
        )
    }}
