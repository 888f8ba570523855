-- One row per centre, identifier, customer and time during which the same customers shared it.
-- Open ends reach to infinity. Numbers of internal customers are our own; what more customers share, or
-- were seen to use, than a household has is a proxy. Neither leads to anybody, and no method says so.
{% set kinds = {"phone": "phones", "email": "emails"} %}
with
    -- A state without a list says nothing about it, so that the one before still stands.
    listed as (
        {% for kind, column in kinds.items() %}
            select
                centre,
                source_instance,
                customer_id,
                is_internal,
                '{{ kind }}' as identifier_kind,
                {{ each_item(column) }} as identifier,
                list_seq,
                valid_from,
                valid_to
            from
                (
                    select
                        s.*,
                        row_number() over (
                            partition by source_instance, customer_id order by state_seq nulls last
                        ) as list_seq,
                        case
                            when
                                lag(state_seq) over (
                                    partition by source_instance, customer_id order by state_seq nulls last
                                )
                                is null
                            then timestamp '1900-01-01 00:00:00'
                            else delivered_at
                        end as valid_from,
                        coalesce(
                            lead(delivered_at) over (
                                partition by source_instance, customer_id order by state_seq nulls last
                            ),
                            timestamp '9999-01-01 00:00:00'
                        ) as valid_to
                    from {{ ref("int_identity__customer_states") }} as s
                    where {{ column }} is not null
                ) as lists
            {% if not loop.last %}
                union
            {% endif %}
        {% endfor %}
    ),

    numbered as (
        select
            l.*,
            list_seq - row_number() over (
                partition by source_instance, customer_id, identifier_kind, identifier
                order by list_seq nulls last
            ) as stay
        from listed as l
    ),

    stays as (
        select
            centre,
            source_instance,
            customer_id,
            identifier_kind,
            identifier,
            coalesce(bool_or(is_internal), false) as is_internal,
            min(valid_from) as valid_from,
            max(valid_to) as valid_to
        from numbered
        group by centre, source_instance, customer_id, identifier_kind, identifier, stay
    ),

    held as (
        select
            l.centre,
            l.identifier_kind,
            l.identifier,
            coalesce(m.customer_id, l.customer_id) as customer_id,
            l.is_internal,
            l.valid_from,
            l.valid_to
        from stays as l
        left join
            {{ ref("int_identity__merges") }} as m
            on l.centre = m.centre
            and l.customer_id = m.merged_customer_id
    ),

    -- Most identifiers have one holder at all times; only the times of the others need comparing.
    disputed as (
        select centre, identifier_kind, identifier
        from held
        group by centre, identifier_kind, identifier
        having count(*) > 1
    ),

    rivals as (
        select h.*
        from held as h
        inner join
            disputed as d
            on h.centre = d.centre
            and h.identifier_kind = d.identifier_kind
            and h.identifier = d.identifier
    ),

    moments as (
        select centre, identifier_kind, identifier, valid_from as moment
        from rivals
        union
        select centre, identifier_kind, identifier, valid_to
        from rivals
    ),

    times as (
        select
            centre,
            identifier_kind,
            identifier,
            moment as valid_from,
            lead(moment) over (
                partition by centre, identifier_kind, identifier
                order by moment nulls last, identifier nulls last
            ) as valid_to
        from moments
    ),

    shared as (
        select
            t.centre,
            t.identifier_kind,
            t.identifier,
            t.valid_from,
            t.valid_to,
            h.customer_id,
            bool_or(h.is_internal) as is_internal
        from times as t
        inner join
            rivals as h
            on t.centre = h.centre
            and t.identifier_kind = h.identifier_kind
            and t.identifier = h.identifier
            and t.valid_from >= h.valid_from
            and t.valid_to <= h.valid_to
        group by 1, 2, 3, 4, 5, 6
    ),

    counted as (
        select
            centre,
            identifier_kind,
            identifier,
            valid_from,
            valid_to,
            customer_id,
            count(*) over (
                partition by centre, identifier_kind, identifier, valid_from
            ) as n_customers_sharing,
            max(case when is_internal then 1 else 0 end) over (
                partition by centre, identifier_kind, identifier, valid_from
            )
            = 1 as is_ours
        from shared
        union all
        select
            h.centre,
            h.identifier_kind,
            h.identifier,
            h.valid_from,
            h.valid_to,
            h.customer_id,
            1 as n_customers_sharing,
            h.is_internal as is_ours
        from held as h
        left join
            disputed as d
            on h.centre = d.centre
            and h.identifier_kind = d.identifier_kind
            and h.identifier = d.identifier
        where d.identifier is null and h.valid_from < h.valid_to
    ),

    seen as (
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

    judged as (
        select
            c.centre,
            c.identifier_kind,
            c.identifier,
            c.customer_id,
            c.valid_from,
            c.valid_to,
            c.n_customers_sharing,
            coalesce(u.n_customers_seen, 0) as n_customers_seen,
            c.is_ours as is_internal,
            case
                when c.is_ours
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
        from counted as c
        left join
            seen as u
            on c.centre = u.centre
            and c.identifier_kind = u.identifier_kind
            and c.identifier = u.identifier
    )

select j.*, {{ link_confidence("method") }} as link_confidence
from judged as j
