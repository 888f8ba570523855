-- Returns rows (failure) for every delivered contact that is missing from the mart of contacts,
-- or has no journey there.
{{ config(meta={"dagster": {"ref": {"name": "mart_contact"}}}) }}
select c.source_instance, c.contact_id
from {{ ref("int_entity__contacts") }} as c
left join
    {{ ref("mart_contact") }} as m on c.source_instance = m.source_instance and c.contact_id = m.contact_id
where m.journey_id is null
