-- Returns rows (failure) for every contact whose customer, method and confidence do not go together, or
-- that is linked by a number or address that leads to nobody.
{{ config(meta={"dagster": {"ref": {"name": "mart_contact"}}}) }}
select c.source_instance, c.contact_id, c.customer_id, c.customer_link_method, c.customer_link_confidence
from {{ ref("mart_contact") }} as c
where
    (c.customer_id is null) <> (c.customer_link_method = 'unresolved')
    or (c.customer_id is null) <> (c.customer_link_confidence is null)
    or (c.customer_link_method in ('phone', 'email') and c.n_customers_sharing = 0)
    or (
        c.customer_link_method = 'shared_phone'
        and c.n_customers_sharing not between 2
        and {{ threshold("shared_number_customers") }}
    )
