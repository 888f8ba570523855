-- One row per escalation, recorded or derived: the journey it belongs to, by case, contact or customer.
with
    escalations as (select * from {{ ref("int_entity__escalations") }}),

    -- Two sources may use one case id: the case of the escalation's own source comes first. A deleted case
    -- comes
    -- last: it keeps its escalations, and is part of no journey.
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
        from escalations as e
        inner join {{ ref("int_case__enriched") }} as c on e.centre = c.centre and e.case_id = c.case_id
        left join {{ ref("int_journey__items") }} as i on c.case_key = i.item_key
    ),

    -- Without a case: the contact, or else the newest item of the customer up to then.
    touched_items as (
        select
            e.source_instance,
            e.escalation_id,
            i.journey_key,
            i.item_key,
            i.item_type,
            i.item_id,
            i.source_instance as item_source_instance,
            row_number() over (
                partition by e.source_instance, e.escalation_id
                order by i.started_at desc nulls last, i.item_key nulls last
            ) as choice
        from escalations as e
        inner join
            {{ ref("int_journey__items") }} as i
            on e.centre = i.centre
            and (
                (i.item_type = 'contact' and e.contact_id = i.item_id)
                or (
                    e.contact_id is null
                    and e.customer_key = i.customer_key
                    and i.started_at <= e.requested_at
                )
            )
        where e.case_id is null
    )

select
    e.centre,
    e.source_instance,
    e.escalation_id,
    coalesce(c.journey_key, i.journey_key) as journey_key,
    coalesce(c.case_key, case when i.item_type = 'case' then i.item_key end) as case_key,
    coalesce(c.case_id, case when i.item_type = 'case' then i.item_id end) as case_id,
    coalesce(
        c.case_source_instance, case when i.item_type = 'case' then i.item_source_instance end
    ) as case_source_instance,
    e.requested_at as escalated_at,
    e.type,
    e.source,
    e.reason,
    e.severity,
    e.accepted_at,
    e.deescalated_at,
    case when lower(e.origin) = 'derived' then 'derived' else 'recorded' end as origin
from escalations as e
left join
    named_cases as c
    on e.source_instance = c.source_instance
    and e.escalation_id = c.escalation_id
    and c.choice = 1
left join
    touched_items as i
    on e.source_instance = i.source_instance
    and e.escalation_id = i.escalation_id
    and i.choice = 1
