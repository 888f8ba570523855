-- One row per way to tell of a user, with the customer or agent who it is.
-- It is told of by sys_id, or by a name that only one user bears, each as a hash. Whose sys_id is known bare
-- is an agent: a member of a group.
{{ config(materialized="table") }}
with
    users as (
        select *
        from {{ ref("stg_servicenow__users") }} as u
        where not coalesce(is_deleted, false) or merged_into_key is not null
    ),

    agents as (
        select source_instance, user_key, min(user_id) as user_id
        from {{ ref("stg_servicenow__group_members") }} as m
        where not coalesce(is_deleted, false)
        group by source_instance, user_key
    ),

    -- Members of groups are known even where users are not exported.
    known as (
        select
            coalesce(u.source_instance, a.source_instance) as source_instance,
            coalesce(u.user_key, a.user_key) as user_key,
            coalesce(u.number_key, u.user_key, a.user_key) as customer_id,
            a.user_id,
            u.name_key,
            u.user_name_key
        from users as u
        full outer join agents as a on u.source_instance = a.source_instance and u.user_key = a.user_key
    ),

    told as (
        select source_instance, user_key as told_as, user_key, customer_id, user_id
        from known
        {% for name in ["name_key", "user_name_key"] %}
            union all
            select source_instance, {{ name }}, user_key, customer_id, user_id
            from known
            where {{ name }} is not null
        {% endfor %}
    )

select
    source_instance,
    told_as,
    min(user_key) as user_key,
    min(customer_id) as customer_id,
    min(user_id) as user_id
from told
group by source_instance, told_as
having count(distinct user_key) = 1
