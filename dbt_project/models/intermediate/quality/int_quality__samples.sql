-- One row per contact and plan that considered it, as a source records it.
-- A probability outside 0 to 1 is not known.
with
    samples as (
        select
            e.*,
            coalesce(o.contact_key, i.contact_key) as contact_key,
            case when e.inclusion_probability between 0 and 1 then e.inclusion_probability end as probability
        from {{ ref("int_entity__samples") }} as e
        left join {{ ref("int_entity__contacts") }} as o on {{ entity_key("contact", "e") }} = o.contact_key
        left join {{ ref("int_contact__ids") }} as i on e.centre = i.centre and e.contact_id = i.contact_id
    )

select
    contact_key,
    plan_id,
    {{ any_known("is_eligible") }} as is_eligible,
    {{ any_known("is_sampled") }} as is_sampled,
    max(probability) as inclusion_probability
from samples
where contact_key is not null
group by contact_key, plan_id
