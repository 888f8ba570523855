-- One row per message between customer and agent, with its contact, case and journey where they are known.
with
    messages as (
        select e.*, t.contact_key, coalesce(c.case_key, l.case_key) as case_key
        from {{ ref("int_entity__messages") }} as e
        left join {{ ref("int_contact__ids") }} as t on e.centre = t.centre and e.contact_id = t.contact_id
        left join {{ ref("int_case__ids") }} as c on e.centre = c.centre and e.case_id = c.case_id
        left join {{ ref("int_contact__enriched") }} as l on t.contact_key = l.contact_key
    )

select m.*, i.journey_key
from messages as m
left join {{ ref("int_journey__items") }} as i on coalesce(m.contact_key, m.case_key) = i.item_key
