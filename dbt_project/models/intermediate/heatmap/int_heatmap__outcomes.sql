-- One row per journey and heatmap measure it is exposed to; the outcome is NULL where undecidable.
with
    -- Derived escalations count where nobody records any.
    risen as (
        select l.journey_id, {{ any_known("t.is_rise") }} as is_risen
        from {{ ref("int_handoff__tier_stays") }} as t
        inner join
            {{ ref("int_journey__items") }} as i
            on t.source_instance = i.source_instance
            and t.unit_type = i.item_type
            and t.unit_id = i.item_id
        inner join {{ ref("int_journey__item_links") }} as l on i.item_key = l.item_key
        where
            t.centre not in (
                select e.centre from {{ ref("int_journey__escalations") }} as e where e.origin = 'recorded'
            )
        group by l.journey_id
    )

select centre, journey_id, started_date, 'escalated' as measure, is_escalated as outcome
from {{ ref("int_journey__journeys") }}
union all
select centre, journey_id, started_date, 'reopened', is_reopened
from {{ ref("int_journey__journeys") }}
where n_cases > 0
union all
select centre, journey_id, started_date, 'sla_missed', is_sla_missed
from {{ ref("int_journey__journeys") }}
where n_cases > 0
union all
select centre, journey_id, started_date, 'bounced', is_bounced
from {{ ref("int_journey__journeys") }}
union all
select j.centre, j.journey_id, j.started_date, 'escalated_derived', r.is_risen
from {{ ref("int_journey__journeys") }} as j
inner join risen as r on j.journey_id = r.journey_id
