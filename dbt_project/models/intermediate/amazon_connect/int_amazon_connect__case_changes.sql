-- One row per change of one field of one case, between one event of it and the next.
-- An event holds the fields that are filled after its change: a field that the next event leaves out
-- was emptied. The history of a case is known from its creation on. Without the creation, the first event
-- is no change.
{% set fields = {"group": "group_id", "owner": "owner_id", "priority": "priority", "status": "status"} %}
with
    field_states as (
        {% for field, column in fields.items() %}
            select
                centre,
                source_instance,
                case_id,
                '{{ field }}' as field,
                lag({{ column }}) over (
                    partition by source_instance, case_id order by state_seq nulls last
                ) as old_value,
                {{ column }} as new_value,
                changed_at,
                changed_by,
                state_seq,
                event_type,
                delivered_at
            from {{ ref("int_amazon_connect__case_states") }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    changes as (
        select *
        from field_states
        where
            coalesce(old_value, '') <> coalesce(new_value, '')
            and (state_seq > 1 or event_type <> 'CASE.CREATED')
        union all
        select
            centre,
            source_instance,
            case_id,
            'created',
            null,
            null,
            coalesce(created_at, changed_at),
            changed_by,
            state_seq,
            event_type,
            delivered_at
        from {{ ref("int_amazon_connect__case_states") }}
        where state_seq = 1 and event_type = 'CASE.CREATED'
    )

select
    centre,
    source_instance,
    case_id,
    field,
    old_value,
    new_value,
    changed_at,
    row_number() over (
        partition by source_instance, case_id order by state_seq nulls last, field nulls last
    ) as change_seq,
    changed_by,
    delivered_at
from changes
