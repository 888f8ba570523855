-- One row per customer, a user who called or who is in no group.
-- Users of one number are one customer, as the newest of them has it.
with
    callers as (
        select distinct i.source_instance, u.user_key
        from {{ ref("int_servicenow__incidents") }} as i
        inner join
            {{ ref("int_servicenow__user_references") }} as u
            on i.source_instance = u.source_instance
            and i.caller_key = u.reference_value
    ),

    ranked_users as (
        select
            u.centre,
            u.source_instance,
            k.customer_id,
            u.segment,
            u.tier,
            u.country as region,
            u.time_zone,
            u.phones,
            u.emails,
            {{ null_columns("customers", ["other_ids"]) }},
            coalesce(m.customer_id, u.merged_into_key) as merged_into,
            u.is_internal,
            u.created_at,
            u.delivered_at,
            row_number() over (
                partition by u.source_instance, k.customer_id
                order by
                    u.modified_at desc nulls last,
                    u.delivered_at desc nulls last,
                    u.created_at desc nulls last,
                    u.user_key nulls last
            ) as user_rank
        from {{ ref("stg_servicenow__users") }} as u
        inner join
            {{ ref("int_servicenow__user_references") }} as k
            on u.source_instance = k.source_instance
            and u.user_key = k.reference_value
        left join
            {{ ref("int_servicenow__user_references") }} as m
            on u.source_instance = m.source_instance
            and u.merged_into_key = m.reference_value
        left join callers as c on u.source_instance = c.source_instance and u.user_key = c.user_key
        where
            (not coalesce(u.is_deleted, false) or u.merged_into_key is not null)
            and (k.user_id is null or c.user_key is not null)
    )

select
    centre,
    source_instance,
    customer_id,
    segment,
    tier,
    region,
    time_zone,
    phones,
    emails,
    other_ids,
    merged_into,
    is_internal,
    created_at,
    delivered_at
from ranked_users
where user_rank = 1
