-- Returns rows (failure) for every contact that has several rows of identity, none, or one that was
-- never delivered.
{{ config(meta={"dagster": {"ref": {"name": "int_identity__contacts"}}}) }}
select
    coalesce(c.source_instance, i.source_instance) as source_instance,
    coalesce(c.contact_id, i.contact_id) as contact_id,
    count(distinct i.customer_id) as n_customers
from {{ ref("int_entity__contacts") }} as c
full outer join
    {{ ref("int_identity__contacts") }} as i
    on c.source_instance = i.source_instance
    and c.contact_id = i.contact_id
group by 1, 2
having count(c.contact_id) <> 1 or count(i.contact_id) <> 1 or count(distinct i.customer_id) > 1
