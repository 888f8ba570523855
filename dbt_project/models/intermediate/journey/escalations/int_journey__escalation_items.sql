-- One row per escalation without a case: the item that it is about, and its journey.
-- That is its contact, or without one the newest item of its customer up to then.
with
    escalations as (select * from {{ ref("int_entity__escalations") }} where case_id is null),

    touched_items as (
        select e.source_instance, e.escalation_id, i.item_key
        from escalations as e
        inner join
            {{ ref("int_journey__items") }} as i
            on e.centre = i.centre
            and e.contact_id = i.item_id
            and i.item_type = 'contact'
        union all
        select e.source_instance, e.escalation_id, i.item_key
        from escalations as e
        inner join
            {{ ref("int_journey__items") }} as i
            on e.customer_key = i.customer_key
            and e.requested_at >= i.started_at
        where e.contact_id is null
    ),

    item_choices as (
        select
            t.source_instance,
            t.escalation_id,
            i.journey_key,
            case when i.item_type = 'case' then i.item_key end as case_key,
            case when i.item_type = 'case' then i.item_id end as case_id,
            case when i.item_type = 'case' then i.source_instance end as case_source_instance,
            row_number() over (
                partition by t.source_instance, t.escalation_id
                order by i.started_at desc nulls last, i.item_key nulls last
            ) as choice
        from touched_items as t
        inner join {{ ref("int_journey__items") }} as i on t.item_key = i.item_key
    )

select source_instance, escalation_id, case_key, case_id, case_source_instance, journey_key
from item_choices
where choice = 1
