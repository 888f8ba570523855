-- One row per contact: the case it belongs to, with how that is known.
with
    contacts as (select * from {{ ref("int_identity__contacts") }}),

    customer_cases as (
        select
            ct.contact_key,
            c.case_key,
            c.source_instance as case_source_instance,
            c.case_id,
            row_number() over (
                partition by ct.contact_key
                order by
                    abs({{ dbt.datediff("ct.started_at", "c.opened_at", "second") }}) nulls last,
                    c.source_instance nulls last,
                    c.case_id nulls last
            ) as choice
        from contacts as ct
        inner join
            {{ ref("int_case__current") }} as c
            on ct.customer_key = c.customer_key
            and c.opened_at
            >= {{ dbt.dateadd("hour", "-1 * " ~ threshold_literal("case_link_hours"), "ct.started_at") }}
            and c.opened_at
            <= {{ dbt.dateadd("hour", threshold_literal("case_link_hours"), "ct.started_at") }}
        where ct.recorded_case_id is null and not coalesce(c.is_deleted, false)
    )

select
    ct.contact_key,
    ct.centre,
    ct.source_instance,
    ct.contact_id,
    ct.recorded_case_key,
    ct.recorded_case_id,
    ct.recorded_case_source_instance,
    coalesce(ct.recorded_case_key, n.case_key) as case_key,
    case
        when ct.recorded_case_source_instance is not null then ct.recorded_case_id else n.case_id
    end as case_id,
    coalesce(ct.recorded_case_source_instance, n.case_source_instance) as case_source_instance,
    case
        when ct.recorded_case_source_instance is not null
        then 'case_id'
        when n.case_id is not null
        then 'customer'
        else 'unresolved'
    end as link_method,
    -- A case found by its customer is as sure as the customer.
    case
        when ct.recorded_case_source_instance is not null
        then cast(1.00 as double)
        when n.case_id is not null
        then ct.link_confidence
    end as link_confidence
from contacts as ct
left join customer_cases as n on ct.contact_key = n.contact_key and n.choice = 1
