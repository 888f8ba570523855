-- One row per value that refers to a user, with the customer or agent who it is.
-- A sys_id refers to a user, and so does a name that only one user has, each as a hash. A user whose
-- sys_id is known without a hash is an agent: a member of a group.
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
    users_and_agents as (
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

    reference_values as (
        select source_instance, user_key as reference_value, user_key, customer_id, user_id
        from users_and_agents
        {% for name in ["name_key", "user_name_key"] %}
            union all
            select source_instance, {{ name }}, user_key, customer_id, user_id
            from users_and_agents
            where {{ name }} is not null
        {% endfor %}
    )

select
    source_instance,
    reference_value,
    min(user_key) as user_key,
    min(customer_id) as customer_id,
    min(user_id) as user_id
from reference_values
group by source_instance, reference_value
having count(distinct user_key) = 1
