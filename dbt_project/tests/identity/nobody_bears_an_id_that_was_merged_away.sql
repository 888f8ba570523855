-- Returns rows (failure) for every merged id that leads to another merged one, or that an item or an
-- identifier still bears.
{{ config(meta={"dagster": {"ref": {"name": "dim_identity_map"}}}) }}
with
    borne as (
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

select b.centre, b.customer_id
from borne as b
inner join
    {{ ref("int_identity__merges") }} as m on b.centre = m.centre and b.customer_id = m.merged_customer_id
