-- One row per contact: the customer behind it, with how that is known and how sure it is.
-- In this order: the case it was recorded for, the customer's own id, a number of one customer, an
-- address of one customer, a shared number of which one customer alone has an open case about then.
with
    contact_totals as (
        select
            contact_key,
            min(customer_id) filter (where method = 'phone') as phone_customer_id,
            min(customer_id) filter (where method = 'email') as email_customer_id,
            max(n_customers_sharing) as n_customers_sharing,
            max(n_customers_sharing) filter (where identifier_kind = 'phone') as n_customers_of_number,
            bool_or(is_internal) as is_internal_number
        from {{ ref("int_identity__contact_matches") }}
        group by contact_key
    ),

    -- Of the customers who share a number, the only one with an open case. Two such customers decide nothing.
    open_case_customers as (
        select k.contact_key, min(k.customer_id) as customer_id
        from {{ ref("int_identity__contact_matches") }} as k
        inner join
            {{ ref("int_case__current") }} as c
            on k.customer_key = c.customer_key
            and c.opened_at <= {{ dbt.dateadd("hour", threshold_literal("case_link_hours"), "k.started_at") }}
            and coalesce(c.closed_at, timestamp '9999-01-01 00:00:00')
            >= {{ dbt.dateadd("hour", "-1 * " ~ threshold_literal("case_link_hours"), "k.started_at") }}
        where k.method = 'shared_phone' and not coalesce(c.is_deleted, false)
        group by k.contact_key
        having count(distinct k.customer_id) = 1
    ),

    contact_links as (
        select
            c.contact_key,
            c.centre,
            c.source_instance,
            c.contact_id,
            c.started_at,
            c.recorded_case_key,
            c.recorded_case_id,
            c.recorded_case_source_instance,
            coalesce(c.customer_id, m.phone_customer_id, m.email_customer_id, p.customer_id) as customer_id,
            case
                when c.link_method is not null
                then c.link_method
                when m.phone_customer_id is not null
                then 'phone'
                when m.email_customer_id is not null
                then 'email'
                when p.customer_id is not null
                then 'shared_phone'
                else 'unresolved'
            end as link_method,
            coalesce(m.n_customers_sharing, 0) as n_customers_sharing,
            greatest(
                coalesce(m.n_customers_of_number, 0), c.n_customers_seen_by_phone
            ) as n_customers_of_number,
            coalesce(c.customer_id, m.phone_customer_id, m.email_customer_id) is null
            and coalesce(m.n_customers_sharing, 0) > 1 as is_ambiguous,
            c.customer_id is null and coalesce(m.is_internal_number, false) as is_internal_number
        from {{ ref("int_identity__recorded_contacts") }} as c
        left join contact_totals as m on c.contact_key = m.contact_key
        left join open_case_customers as p on c.contact_key = p.contact_key
    )

select
    l.*,
    {{ customer_key("l.centre", "l.customer_id") }} as customer_key,
    {{ link_confidence("link_method") }} as link_confidence
from contact_links as l
