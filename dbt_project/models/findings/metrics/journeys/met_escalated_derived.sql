-- One row per journey with a stay in a queue, of centres that record no escalation: whether it reached a
-- higher tier.
with
    rises as (
        select i.journey_key, {{ any_known("t.is_rise") }} as is_risen
        from {{ ref("int_handoff__tier_stays") }} as t
        inner join {{ ref("int_journey__items") }} as i on t.unit_key = i.item_key
        where
            t.centre not in (
                select e.centre from {{ ref("int_journey__escalations") }} as e where e.origin = 'recorded'
            )
        group by i.journey_key
    )

select j.centre, j.journey_key, j.started_date, r.is_risen as outcome
from {{ ref("int_journey__journeys") }} as j
inner join rises as r on j.journey_key = r.journey_key
