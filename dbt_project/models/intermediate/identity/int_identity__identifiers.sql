-- One row per centre, identifier, customer and time during which the same customers shared it.
-- Open ends reach to infinity. `method` is NULL for identifiers of internal customers, and for those that
-- more than `shared_number_customers` customers share or were seen to use: they identify nobody.
{% set kinds = ["phone", "email"] %}
with
    identifier_uses as (
        {% for kind in kinds %}
            select
                centre,
                '{{ kind }}' as identifier_kind,
                {{ kind }} as identifier,
                max(n_customers_seen_by_{{ kind }}) as n_customers_seen
            from {{ ref("int_identity__recorded_contacts") }}
            where {{ kind }} is not null
            group by centre, {{ kind }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    identifier_methods as (
        select
            c.centre,
            c.identifier_kind,
            c.identifier,
            c.customer_id,
            c.valid_from,
            c.valid_to,
            c.n_customers_sharing,
            coalesce(u.n_customers_seen, 0) as n_customers_seen,
            c.is_internal,
            case
                when c.is_internal
                then null
                when
                    greatest(c.n_customers_sharing, coalesce(u.n_customers_seen, 0))
                    > {{ threshold("shared_number_customers") }}
                then null
                when c.n_customers_sharing = 1
                then c.identifier_kind
                when c.identifier_kind = 'phone'
                then 'shared_phone'
            end as method
        from {{ ref("int_identity__shared_identifiers") }} as c
        left join
            identifier_uses as u
            on c.centre = u.centre
            and c.identifier_kind = u.identifier_kind
            and c.identifier = u.identifier
    )

select j.*, {{ link_confidence("method") }} as link_confidence
from identifier_methods as j
