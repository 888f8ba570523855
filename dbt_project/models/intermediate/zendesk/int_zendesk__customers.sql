-- One row per customer.
-- A customer is an end-user, by the number that the centre itself gave where the user has one.
with
    users as (
        select *, coalesce(customer_number, user_key) as customer_id
        from {{ ref("stg_zendesk__users") }} as u
        where role = 'end-user'
    ),

    organizations as (select * from {{ ref("stg_zendesk__organizations") }} as o),

    -- Users of one number are one customer, as the newest of them has it.
    ranked_users as (
        select
            r.*,
            row_number() over (
                partition by source_instance, customer_id
                order by
                    updated_at desc nulls last,
                    delivered_at desc nulls last,
                    {{ dbt.length("user_id") }} desc nulls last,
                    user_id desc nulls last
            ) as user_rank
        from users as r
    ),

    customers as (select * from ranked_users where user_rank = 1),

    addresses as (
        select source_instance, user_id, phone, email
        from users
        union all
        select source_instance, user_id, phone, email
        from {{ ref("stg_zendesk__user_identities") }} as i
    ),

    {% for one in ["phone", "email"] %}
        {{ one }}s as (
            select u.source_instance, u.customer_id, {{ joined_arrays(array_of("a." ~ one)) }} as {{ one }}s
            from users as u
            inner join addresses as a on u.source_instance = a.source_instance and u.user_id = a.user_id
            where a.{{ one }} is not null
            group by u.source_instance, u.customer_id
        )
        {%- if not loop.last %},{% endif %}
    {% endfor %}

select
    c.centre,
    c.source_instance,
    c.customer_id,
    coalesce(c.segment, o.segment) as segment,
    coalesce(c.tier, o.tier) as tier,
    coalesce(c.region, o.region) as region,
    c.time_zone,
    p.phones,
    e.emails,
    {{ null_columns("customers", ["other_ids"]) }},
    coalesce(m.customer_id, c.merged_into) as merged_into,
    c.is_internal,
    c.created_at,
    c.delivered_at
from customers as c
left join
    organizations as o on c.source_instance = o.source_instance and c.organization_id = o.organization_id
-- Merged into a user, or into a number that the centre itself gave.
left join
    (
        select source_instance, user_key, min(customer_id) as customer_id
        from users
        group by source_instance, user_key
    ) as m
    on c.source_instance = m.source_instance
    and c.merged_into = m.user_key
left join phones as p on c.source_instance = p.source_instance and c.customer_id = p.customer_id
left join emails as e on c.source_instance = e.source_instance and c.customer_id = e.customer_id
