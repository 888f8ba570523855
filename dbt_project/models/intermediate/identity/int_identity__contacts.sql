-- One row per contact: the customer behind it, with how that is known and how sure it is.
-- In this order: the case it was recorded for, the customer's own id, a number of one customer, an
-- address of one customer, a shared number of which one customer alone has an open case about then.
{% set kinds = ["phone", "email"] %}
with
    contacts as (select * from {{ ref("int_identity__recorded_contacts") }}),

    identified as (
        {% for kind in kinds %}
            select contact_key, centre, started_at, '{{ kind }}' as identifier_kind, {{ kind }} as identifier
            from contacts
            where {{ kind }} is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    -- What leads to nobody need not be told once for each of the many who share it.
    leads as (
        select distinct
            centre,
            identifier_kind,
            identifier,
            valid_from,
            valid_to,
            method,
            n_customers_sharing,
            is_internal,
            case when method is not null then customer_id end as customer_id
        from {{ ref("int_identity__identifiers") }}
    ),

    candidates as (
        select
            c.contact_key,
            c.centre,
            c.started_at,
            i.identifier_kind,
            i.customer_id,
            i.method,
            i.n_customers_sharing,
            i.is_internal
        from identified as c
        inner join
            leads as i
            on c.centre = i.centre
            and c.identifier_kind = i.identifier_kind
            and c.identifier = i.identifier
            and c.started_at >= i.valid_from
            and c.started_at < i.valid_to
    ),

    matched as (
        select
            contact_key,
            {% for kind in kinds %}
                min(customer_id) filter (where method = '{{ kind }}') as {{ kind }}_customer_id,
            {% endfor %}
            max(n_customers_sharing) as n_customers_sharing,
            max(n_customers_sharing) filter (where identifier_kind = 'phone') as n_customers_of_number,
            bool_or(is_internal) as is_internal_number
        from candidates
        group by contact_key
    ),

    -- Of those who share a number the one with an open case; two are a tie, and a tie decides nothing.
    pending as (
        select k.contact_key, min(k.customer_id) as customer_id
        from candidates as k
        inner join
            {{ ref("int_case__current") }} as c
            on k.centre = c.centre
            and k.customer_id = c.customer_id
            and c.opened_at <= {{ dbt.dateadd("hour", threshold_literal("case_link_hours"), "k.started_at") }}
            and coalesce(c.closed_at, timestamp '9999-01-01 00:00:00')
            >= {{ dbt.dateadd("hour", "-1 * " ~ threshold_literal("case_link_hours"), "k.started_at") }}
        where k.method = 'shared_phone' and not coalesce(c.is_deleted, false)
        group by k.contact_key
        having count(distinct k.customer_id) = 1
    ),

    linked as (
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
        from contacts as c
        left join matched as m on c.contact_key = m.contact_key
        left join pending as p on c.contact_key = p.contact_key
    )

select l.*, {{ link_confidence("link_method") }} as link_confidence
from linked as l
