-- One row per customer and delivery since which it stands differently, of all sources.
-- Where only the newest state can be told, it is the only one.
with
    delivered as (
        select centre, source_instance, customer_id, phones, emails, merged_into, is_internal, delivered_at
        from {{ ref("stg_mapped__customers_by_delivery") }} as every_version
    ),

    known as (
        select *
        from delivered
        union all
        select centre, source_instance, customer_id, phones, emails, merged_into, is_internal, delivered_at
        from {{ ref("int_entity__customers") }}
        where source_instance not in (select source_instance from delivered)
    ),

    marked as (
        select k.*, {{ hash_key(["k.phones", "k.emails", "k.merged_into", "k.is_internal"]) }} as content
        from known as k
    ),

    compared as (
        select
            m.*,
            lag(content) over (
                partition by source_instance, customer_id order by delivered_at nulls last, content nulls last
            ) as earlier_content
        from marked as m
    )

select
    centre,
    source_instance,
    customer_id,
    phones,
    emails,
    merged_into,
    is_internal,
    delivered_at,
    row_number() over (
        partition by source_instance, customer_id order by delivered_at nulls last, content nulls last
    ) as state_seq
from compared
where earlier_content is null or earlier_content <> content
