-- One row per contact: the case and the customer that its own record names.
{% set kinds = ["phone", "email"] %}
with
    contacts as (
        select
            contact_key,
            centre,
            source_instance,
            contact_id,
            started_at,
            customer_id,
            customer_id_method,
            case_id,
            ani as phone,
            email
        from {{ ref("int_entity__contacts") }}
    ),

    -- A case id is unique within its instance; a centre may run several.
    contact_cases as (
        select
            ct.contact_key,
            c.case_key,
            c.source_instance as case_source_instance,
            c.customer_id,
            row_number() over (
                partition by ct.contact_key
                order by
                    case when c.source_instance = ct.source_instance then 0 else 1 end nulls last,
                    c.source_instance nulls last
            ) as choice
        from contacts as ct
        inner join {{ ref("int_case__current") }} as c on ct.centre = c.centre and ct.case_id = c.case_id
    ),

    contact_records as (
        select
            ct.contact_key,
            ct.centre,
            ct.source_instance,
            ct.contact_id,
            ct.started_at,
            ct.phone,
            ct.email,
            ct.case_id as recorded_case_id,
            k.case_key as recorded_case_key,
            k.case_source_instance as recorded_case_source_instance,
            coalesce(k.customer_id, ct.customer_id) as customer_id,
            case
                when k.customer_id is not null
                then 'case_id'
                when ct.customer_id is null
                then null
                when ct.customer_id_method = 'other_id'
                then 'other_id'
                else 'customer_id'
            end as link_method
        from contacts as ct
        left join contact_cases as k on ct.contact_key = k.contact_key and k.choice = 1
    )
    {% for kind in kinds %}
        ,
        users_of_{{ kind }} as (
            select centre, {{ kind }}, count(distinct customer_id) as n_customers
            from contact_records
            where {{ kind }} is not null and customer_id is not null
            group by centre, {{ kind }}
        )
    {% endfor %}

select
    r.*
    {% for kind in kinds %}
        , coalesce({{ kind }}_use.n_customers, 0) as n_customers_seen_by_{{ kind }}
    {% endfor %}
from contact_records as r
{% for kind in kinds %}
    left join
        users_of_{{ kind }} as {{ kind }}_use
        on r.centre = {{ kind }}_use.centre
        and r.{{ kind }} = {{ kind }}_use.{{ kind }}
{% endfor %}
