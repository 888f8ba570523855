-- One row per contact and customer that had its number or its address when it began.
-- A number or an address that identifies nobody is one row without a customer.
{% set kinds = ["phone", "email"] %}
with
    contact_identifiers as (
        {% for kind in kinds %}
            select contact_key, centre, started_at, '{{ kind }}' as identifier_kind, {{ kind }} as identifier
            from {{ ref("int_identity__recorded_contacts") }}
            where {{ kind }} is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

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
    )

select
    c.contact_key,
    c.centre,
    c.started_at,
    l.identifier_kind,
    l.customer_id,
    {{ customer_key("c.centre", "l.customer_id") }} as customer_key,
    l.method,
    l.n_customers_sharing,
    l.is_internal
from contact_identifiers as c
inner join
    leads as l
    on c.centre = l.centre
    and c.identifier_kind = l.identifier_kind
    and c.identifier = l.identifier
    and c.started_at >= l.valid_from
    and c.started_at < l.valid_to
