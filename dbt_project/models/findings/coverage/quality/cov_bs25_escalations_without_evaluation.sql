-- One row per source instance, team, reason, channel and day: escalated journeys.
-- One is affected where nobody evaluated a contact of it before the escalation.
with
    evaluated_journeys as (
        select i.journey_key, min(c.started_at) as first_evaluated_contact_at
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        where c.is_evaluated
        group by i.journey_key
    ),

    -- A journey counts once, under one of the teams it touched.
    teams as (
        select journey_key, min(team) as team from {{ ref("int_journey__touches") }} group by journey_key
    ),

    journeys as (
        select
            j.centre,
            j.source_instance,
            t.team,
            coalesce(j.reason, '(unknown)') as reason,
            coalesce(j.first_channel, '(unknown)') as channel,
            j.started_date as event_date,
            j.is_escalated,
            not e.is_delivered or j.started_date between e.first_date and e.last_date as is_in_span,
            coalesce(v.first_evaluated_contact_at < j.first_escalated_at, false) as is_covered
        from {{ ref("int_journey__journeys") }} as j
        inner join teams as t on j.journey_key = t.journey_key
        inner join {{ ref("int_source__entities") }} as e on j.centre = e.centre and e.entity = 'evaluations'
        left join evaluated_journeys as v on j.journey_key = v.journey_key
        where coalesce(j.is_escalated, true)
    ),

    findings as (
        select
            q.*,
            coalesce(is_escalated, false) and not is_covered and is_in_span as is_affected,
            not is_covered and (is_escalated is null or not is_in_span) as is_undecidable
        from journeys as q
    )

    {{ counted("findings") }}
