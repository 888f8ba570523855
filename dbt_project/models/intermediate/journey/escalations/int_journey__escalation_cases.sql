-- One row per escalation that names a delivered case: the case, and its journey.
-- Two sources may use one case id: the case of the escalation's own source comes first. A deleted case
-- comes last: it keeps its escalations, and is part of no journey.
with
    named_cases as (
        select
            e.source_instance,
            e.escalation_id,
            c.case_key,
            c.case_id,
            c.source_instance as case_source_instance,
            i.journey_key,
            row_number() over (
                partition by e.source_instance, e.escalation_id
                order by
                    case when i.item_key is null then 1 else 0 end nulls last,
                    case when c.source_instance = e.source_instance then 0 else 1 end nulls last,
                    i.started_at desc nulls last,
                    i.item_key nulls last,
                    c.source_instance nulls last
            ) as choice
        from {{ ref("int_entity__escalations") }} as e
        inner join {{ ref("int_case__enriched") }} as c on e.centre = c.centre and e.case_id = c.case_id
        left join {{ ref("int_journey__items") }} as i on c.case_key = i.item_key
    )

select source_instance, escalation_id, case_key, case_id, case_source_instance, journey_key
from named_cases
where choice = 1
