-- One row per customer.
-- A customer is an account with all its persons, or a person without one.
with
    all_accounts as (select * from {{ ref("stg_salesforce__accounts") }} as a),

    accounts as (
        select * from all_accounts where not coalesce(is_deleted, false) or master_account_id is not null
    ),

    contacts as (
        select *
        from {{ ref("stg_salesforce__contacts") }} as k
        where not coalesce(is_deleted, false) or master_contact_id is not null
    ),

    described as (
        select
            a.centre,
            a.source_instance,
            coalesce(a.account_number, a.account_id) as customer_id,
            a.account_id as record_id,
            a.segment,
            a.tier,
            a.country as region,
            a.time_zone,
            coalesce(m.account_number, a.master_account_id) as merged_into,
            case when a.type = 'Internal' then true when a.type is not null then false end as is_internal,
            a.created_at,
            a.modified_at,
            a.delivered_at
        from accounts as a
        left join
            all_accounts as m on a.source_instance = m.source_instance and a.master_account_id = m.account_id
        union all
        select
            k.centre,
            k.source_instance,
            coalesce(k.account_id, k.contact_id),
            coalesce(k.account_id, k.contact_id),
            cast(null as {{ dbt.type_string() }}),
            cast(null as {{ dbt.type_string() }}),
            k.country,
            cast(null as {{ dbt.type_string() }}),
            case
                when k.account_id is null then coalesce(ma.account_number, mk.account_id, k.master_contact_id)
            end,
            cast(null as boolean),
            k.created_at,
            k.modified_at,
            k.delivered_at
        from contacts as k
        left join all_accounts as a on k.source_instance = a.source_instance and k.account_id = a.account_id
        left join
            contacts as mk on k.source_instance = mk.source_instance and k.master_contact_id = mk.contact_id
        left join
            all_accounts as ma on mk.source_instance = ma.source_instance and mk.account_id = ma.account_id
        where a.account_id is null
    ),

    -- Accounts of one number are one customer, as the newest of them has it.
    ranked_customers as (
        select
            r.*,
            row_number() over (
                partition by source_instance, customer_id
                order by
                    modified_at desc nulls last,
                    delivered_at desc nulls last,
                    record_id nulls last,
                    region nulls last,
                    created_at nulls last
            ) as customer_rank
        from described as r
    ),

    customers as (select * from ranked_customers where customer_rank = 1),

    reached as (
        select source_instance, account_id as record_id, {{ array_of("phone") }} as phones
        from accounts
        where phone is not null
        union all
        select source_instance, coalesce(account_id, contact_id), phones
        from contacts
        where phones is not null
    ),

    phones as (
        select d.source_instance, d.customer_id, {{ joined_arrays("r.phones") }} as phones
        from described as d
        inner join reached as r on d.source_instance = r.source_instance and d.record_id = r.record_id
        group by d.source_instance, d.customer_id
    ),

    emails as (
        select d.source_instance, d.customer_id, {{ joined_arrays("k.emails") }} as emails
        from described as d
        inner join
            contacts as k
            on d.source_instance = k.source_instance
            and d.record_id = coalesce(k.account_id, k.contact_id)
        where k.emails is not null
        group by d.source_instance, d.customer_id
    )

select
    c.centre,
    c.source_instance,
    c.customer_id,
    c.segment,
    c.tier,
    c.region,
    c.time_zone,
    p.phones,
    e.emails,
    {{ unfilled("customers", ["other_ids"]) }},
    c.merged_into,
    c.is_internal,
    c.created_at,
    c.delivered_at
from customers as c
left join phones as p on c.source_instance = p.source_instance and c.customer_id = p.customer_id
left join emails as e on c.source_instance = e.source_instance and c.customer_id = e.customer_id
