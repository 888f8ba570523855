-- One row per escalation, recorded or derived: the journey it belongs to, by case, contact or customer.
with
    escalations as (select * from {{ ref("int_entity__escalations") }}),

    candidates as (
        select
            e.source_instance,
            e.escalation_id,
            i.journey_key,
            i.item_key,
            i.item_type,
            i.source_instance as item_source_instance,
            i.item_id,
            row_number() over (
                partition by e.source_instance, e.escalation_id
                order by
                    case when i.source_instance = e.source_instance then 0 else 1 end nulls last,
                    i.started_at desc nulls last,
                    i.item_key nulls last
            ) as choice
        from escalations as e
        inner join
            {{ ref("int_journey__items") }} as i
            on e.centre = i.centre
            and i.item_type = 'case'
            and e.case_id = i.item_id
        union all
        -- A deleted case is part of no journey, and keeps its escalations.
        select
            e.source_instance,
            e.escalation_id,
            null,
            k.case_key,
            'case',
            k.source_instance,
            k.case_id,
            row_number() over (
                partition by e.source_instance, e.escalation_id
                order by
                    case when k.source_instance = e.source_instance then 0 else 1 end nulls last,
                    k.source_instance nulls last
            )
        from escalations as e
        inner join
            {{ ref("int_case__enriched") }} as k
            on e.centre = k.centre
            and e.case_id = k.case_id
            and k.is_deleted
        left join
            {{ ref("int_journey__items") }} as i
            on e.centre = i.centre
            and i.item_type = 'case'
            and e.case_id = i.item_id
        where i.item_id is null
        union all
        select
            e.source_instance,
            e.escalation_id,
            i.journey_key,
            i.item_key,
            i.item_type,
            i.source_instance,
            i.item_id,
            row_number() over (
                partition by e.source_instance, e.escalation_id
                order by
                    case
                        when i.item_type = 'contact' and i.item_id = e.contact_id then 1 else 2
                    end nulls last,
                    i.started_at desc nulls last,
                    i.item_key nulls last
            )
        from escalations as e
        inner join
            {{ ref("int_journey__items") }} as i
            on e.centre = i.centre
            and (
                (i.item_type = 'contact' and e.contact_id = i.item_id)
                or (e.contact_id is null and e.customer_id = i.customer_id and i.started_at <= e.requested_at)
            )
        where e.case_id is null
    )

select
    e.centre,
    e.source_instance,
    e.escalation_id,
    c.journey_key,
    case when c.item_type = 'case' then c.item_key end as case_key,
    case when c.item_type = 'case' then c.item_id end as case_id,
    case when c.item_type = 'case' then c.item_source_instance end as case_source_instance,
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
    candidates as c
    on e.source_instance = c.source_instance
    and e.escalation_id = c.escalation_id
    and c.choice = 1
