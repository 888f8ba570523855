-- One row per customer and delivery that changed it, of all sources.
-- Sources of vendors' connectors have one row per customer: the newest state.
with
    delivered_states as (
        select centre, source_instance, customer_id, phones, emails, merged_into, is_internal, delivered_at
        from {{ ref("stg_mapped__customers_by_delivery") }} as every_version
    ),

    known_states as (
        select *
        from delivered_states
        union all
        select centre, source_instance, customer_id, phones, emails, merged_into, is_internal, delivered_at
        from {{ ref("int_entity__customers") }}
        where source_instance not in (select source_instance from delivered_states)
    ),

    state_hashes as (
        select k.*, {{ hash_key(["k.phones", "k.emails", "k.merged_into", "k.is_internal"]) }} as content
        from known_states as k
    ),

    state_changes as (
        select
            m.*,
            lag(content) over (
                partition by source_instance, customer_id order by delivered_at nulls last, content nulls last
            ) as earlier_content
        from state_hashes as m
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
from state_changes
where earlier_content is null or earlier_content <> content
