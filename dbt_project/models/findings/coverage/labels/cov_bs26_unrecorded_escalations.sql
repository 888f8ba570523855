-- One row per source instance, team and day: journeys in months that ought to have an escalation.
-- A journey is affected where its team has none in that month, which chance alone hardly explains.
with
    journeys as (
        select distinct
            j.centre,
            j.source_instance,
            j.journey_key,
            t.team,
            j.started_date as day,
            cast({{ dbt.date_trunc("month", "j.started_date") }} as date) as month_start,
            j.is_escalated,
            e.is_delivered
        from {{ ref("int_journey__journeys") }} as j
        inner join {{ ref("int_journey__touches") }} as t on j.journey_key = t.journey_key
        inner join {{ ref("int_source__entities") }} as e on j.centre = e.centre and e.entity = 'escalations'
    ),

    months as (
        select
            centre,
            source_instance,
            team,
            month_start,
            count(*) as n,
            count(*) filter (where is_escalated) as n_escalated
        from journeys
        where is_escalated is not null
        group by centre, source_instance, team, month_start
    ),

    -- The rate to expect is that of other months, so that a silent month cannot excuse itself: the
    -- team's own, if it is lower than everybody's and not zero. Teams differ; one that never escalates
    -- is odd.
    other_months as (
        select
            m.*,
            (sum(n_escalated) over (partition by centre) - n_escalated)
            / nullif(cast(sum(n) over (partition by centre) - n as double), 0) as rate_of_all,
            (sum(n_escalated) over (partition by source_instance, team) - n_escalated)
            / nullif(cast(sum(n) over (partition by source_instance, team) - n as double), 0) as rate_of_team
        from months as m
    ),

    month_rates as (
        select
            e.*,
            case
                when rate_of_team > 0 and rate_of_team < rate_of_all then rate_of_team else rate_of_all
            end as rate_elsewhere
        from other_months as e
    ),

    decidable_months as (
        select source_instance, team, month_start, n_escalated = 0 as is_silent
        from month_rates
        where exp(-1.0 * n * rate_elsewhere) < {{ threshold("bs26_p_zero") }}
    ),

    findings as (
        select
            j.centre,
            j.source_instance,
            j.team,
            cast(null as {{ dbt.type_string() }}) as reason,
            cast(null as {{ dbt.type_string() }}) as channel,
            j.day as event_date,
            not j.is_delivered or t.is_silent as is_affected,
            j.is_escalated is null as is_undecidable
        from journeys as j
        left join
            decidable_months as t
            on j.source_instance = t.source_instance
            and j.team = t.team
            and j.month_start = t.month_start
        where not j.is_delivered or j.is_escalated is null or t.team is not null
    )

    {{ counted("findings") }}
