-- One row per customer of a source, identifier and time during which the customer listed it without a break.
-- Open ends reach to infinity. A merged customer counts as the one that it was merged into.
{% set kinds = {"phone": "phones", "email": "emails"} %}
with
    -- A state without a list leaves the list of the state before it in force.
    list_items as (
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

    list_positions as (
        select
            l.*,
            list_seq - row_number() over (
                partition by source_instance, customer_id, identifier_kind, identifier
                order by list_seq nulls last
            ) as stay
        from list_items as l
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
        from list_positions
        group by centre, source_instance, customer_id, identifier_kind, identifier, stay
    )

select
    l.centre,
    l.source_instance,
    l.customer_id as listed_customer_id,
    l.identifier_kind,
    l.identifier,
    coalesce(m.customer_id, l.customer_id) as customer_id,
    l.is_internal,
    l.valid_from,
    l.valid_to
from stays as l
left join
    {{ ref("int_identity__merges") }} as m on l.centre = m.centre and l.customer_id = m.merged_customer_id
