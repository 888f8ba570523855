-- One row per customer.
-- A customer is an account with all its persons, or a person without one.
with
    customer_records as (select * from {{ ref("int_salesforce__customer_records") }}),

    accounts as (
        select *
        from {{ ref("stg_salesforce__accounts") }}
        where not coalesce(is_deleted, false) or master_account_id is not null
    ),

    contacts as (
        select *
        from {{ ref("stg_salesforce__contacts") }}
        where not coalesce(is_deleted, false) or master_contact_id is not null
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
        from customer_records as r
    ),

    customers as (select * from ranked_customers where customer_rank = 1),

    phone_lists as (
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
        from customer_records as d
        inner join phone_lists as r on d.source_instance = r.source_instance and d.record_id = r.record_id
        group by d.source_instance, d.customer_id
    ),

    emails as (
        select d.source_instance, d.customer_id, {{ joined_arrays("k.emails") }} as emails
        from customer_records as d
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
    {{ null_columns("customers", ["other_ids"]) }},
    c.merged_into,
    c.is_internal,
    c.created_at,
    c.delivered_at
from customers as c
left join phones as p on c.source_instance = p.source_instance and c.customer_id = p.customer_id
left join emails as e on c.source_instance = e.source_instance and c.customer_id = e.customer_id
