-- One row per definition, centre, local day and value of a dimension: pauses of clocks that look like delay.
with
    units as (
        select c.centre, c.day, c.sla_metric, c.policy, c.priority, c.team, p.has_contact, p.is_late
        from {{ ref("int_sla__pauses") }} as p
        inner join {{ ref("int_sla__due_clocks") }} as c on p.clock_key = c.clock_key
    ),

    {{
        daily_metrics(
            {"M20c_without_contact": {"share": "not has_contact"}, "M20c_late": {"share": "is_late"}},
            ["sla_metric", "policy", "priority", "team"],
        )
    }}
