-- One row per group or agent that a change of owner shows, before (`side` 1) or after (`side` 2) the change.
-- A queue owns a case until somebody takes it, so the owner is two fields here: the group and the agent.
with
    sides as (
        {% for side in ["old", "new"] %}
            select
                centre,
                source_instance,
                case_id,
                history_id,
                created_at,
                created_by_id,
                delivered_at,
                {{ side }}_id as owner_id,
                {{ loop.index }} as side
            from {{ ref("int_salesforce__owner_moves") }}
            where {{ side }}_id is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    field_values as (
        select
            h.*,
            coalesce(o.field, case when h.owner_id like '00G%' then 'group' else 'owner' end) as field,
            case when o.owner_id is null then h.owner_id else o.value end as value
        from sides as h
        left join
            {{ ref("int_salesforce__owners") }} as o
            on h.source_instance = o.source_instance
            and h.owner_id = o.owner_id
    )

select
    v.*,
    -- The value before is that of the same field, however long ago it was set.
    lag(value) over (
        partition by source_instance, case_id, field
        order by created_at nulls last, history_id nulls last, side nulls last
    ) as old_value,
    row_number() over (
        partition by source_instance, case_id, field
        order by created_at nulls last, history_id nulls last, side nulls last
    ) as value_no,
    max(side) over (partition by source_instance, case_id, field) as last_side
from field_values as v
