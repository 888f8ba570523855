-- One row per contact: the case it belongs to and the customer behind it, with how that is known.
with
    contacts as (select * from {{ ref("int_entity__contacts") }}),

    cases as (select * from {{ ref("int_case__current") }}),

    -- A case id is unique within its instance; a centre may run several.
    by_case_id as (
        select
            ct.source_instance,
            ct.contact_id,
            c.source_instance as case_source_instance,
            c.case_id,
            c.customer_id as case_customer_id,
            row_number() over (
                partition by ct.source_instance, ct.contact_id
                order by case when c.source_instance = ct.source_instance then 0 else 1 end, c.source_instance
            ) as choice
        from contacts as ct
        inner join cases as c on ct.centre = c.centre and ct.case_id = c.case_id
    ),

    by_customer as (
        select
            ct.source_instance,
            ct.contact_id,
            c.source_instance as case_source_instance,
            c.case_id,
            row_number() over (
                partition by ct.source_instance, ct.contact_id
                order by
                    abs({{ dbt.datediff("ct.started_at", "c.opened_at", "second") }}),
                    c.source_instance,
                    c.case_id
            ) as choice
        from contacts as ct
        inner join
            cases as c
            on ct.centre = c.centre
            and ct.customer_id = c.customer_id
            and c.opened_at >= {{ dbt.dateadd("hour", "-1 * " ~ var("case_link_hours"), "ct.started_at") }}
            and c.opened_at <= {{ dbt.dateadd("hour", var("case_link_hours"), "ct.started_at") }}
        where ct.case_id is null
    )

select
    ct.centre,
    ct.source_instance,
    ct.contact_id,
    ct.case_id as recorded_case_id,
    i.case_source_instance as recorded_case_source_instance,
    coalesce(i.case_id, n.case_id) as case_id,
    coalesce(i.case_source_instance, n.case_source_instance) as case_source_instance,
    coalesce(ct.customer_id, i.case_customer_id) as customer_id,
    case
        when i.case_id is not null then 'case_id' when n.case_id is not null then 'customer' else 'unresolved'
    end as link_method,
    -- Confidence by method
    case
        when i.case_id is not null then cast(1.00 as double) when n.case_id is not null then 0.98
    end as link_confidence
from contacts as ct
left join
    by_case_id as i
    on ct.source_instance = i.source_instance
    and ct.contact_id = i.contact_id
    and i.choice = 1
left join
    by_customer as n
    on ct.source_instance = n.source_instance
    and ct.contact_id = n.contact_id
    and n.choice = 1
