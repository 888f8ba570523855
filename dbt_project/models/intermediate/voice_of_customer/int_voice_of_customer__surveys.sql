-- One row per survey of a customer, with the contact, case and journey that it asks about.
-- A value outside the scale of its kind means something else, and is not known.
{% set scales = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7), "resolved": (0, 1)} %}
with
    surveys as (
        select
            e.*,
            t.contact_key,
            coalesce(c.case_key, l.case_key) as case_key,
            case
                {% for kind, (low, high) in scales.items() %}
                    when e.kind = '{{ kind }}' and e.value between {{ low }} and {{ high }} then e.value
                {% endfor %}
            end as known_value,
            {{ local_time("coalesce(e.answered_at, e.sent_at)", "s.time_zone") }} as local_at
        from {{ ref("int_entity__surveys") }} as e
        inner join {{ ref("int_source__spans") }} as s on e.source_instance = s.source_instance
        left join {{ ref("int_contact__ids") }} as t on e.centre = t.centre and e.contact_id = t.contact_id
        left join {{ ref("int_case__ids") }} as c on e.centre = c.centre and e.case_id = c.case_id
        left join {{ ref("int_contact__enriched") }} as l on t.contact_key = l.contact_key
    )

select u.*, i.journey_key
from surveys as u
left join {{ ref("int_journey__items") }} as i on coalesce(u.contact_key, u.case_key) = i.item_key
