-- One row per journey with a stay in a queue, of centres that record no escalation: whether it reached a
-- higher tier.
with
    rises as (
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

select j.centre, j.journey_id, j.started_date, r.is_risen as outcome
from {{ ref("int_journey__journeys") }} as j
inner join rises as r on j.journey_id = r.journey_id
