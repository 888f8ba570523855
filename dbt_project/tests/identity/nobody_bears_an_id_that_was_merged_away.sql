-- Returns rows (failure) for every merged id that leads to another merged one, or that an item or an
-- identifier still bears.
{{ config(meta={"dagster": {"ref": {"name": "dim_identity_map"}}}) }}
with
    used_ids as (
        select centre, customer_id
        from {{ ref("int_identity__merges") }}
        union
        select centre, customer_id
        from {{ ref("int_identity__identifiers") }}
        union
        select centre, customer_id
        from {{ ref("int_journey__items") }}
        union
        select centre, customer_id
        from {{ ref("int_entity__escalations") }}
    )

select u.centre, u.customer_id
from used_ids as u
inner join
    {{ ref("int_identity__merges") }} as m on u.centre = m.centre and u.customer_id = m.merged_customer_id
