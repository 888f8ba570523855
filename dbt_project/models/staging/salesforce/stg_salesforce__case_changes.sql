-- One row per change of one field of one case.
-- A change of owner is told twice, with names and with ids: ids count, names only where they stand alone.
-- A queue owns a case until somebody takes it, so owners are two fields here: the group and the agent.
{% set owner_fields = "'Owner', 'ownerAssignment', 'ownerAccepted', 'ownerEscalated'" %}
with
    deleted as (
        select source_instance, case_id from ({{ staged("cases", "raw_salesforce") }}) as c where is_deleted
    ),

    histories as (
        select
            h.*,
            count(h.new_value) over (
                partition by h.source_instance, h.case_id, h.field, h.created_at
            ) as n_with_ids
        from ({{ staged("case_histories", "raw_salesforce") }}) as h
        left join deleted as d on h.source_instance = d.source_instance and h.case_id = d.case_id
        where not coalesce(h.is_deleted, false) and d.case_id is null
    ),

    -- Nobody works as a user of the system itself.
    owners as (
        select
            source_instance,
            user_id as owner_id,
            name_key,
            'owner' as field,
            case when coalesce(user_type, 'Standard') <> 'AutomatedProcess' then user_id end as value
        from ({{ staged("users", "raw_salesforce") }}) as u
        union all
        select source_instance, group_id, name_key, 'group', coalesce(developer_name, group_id)
        from ({{ staged("groups", "raw_salesforce") }}) as g
    ),

    named as (
        select source_instance, name_key, min(owner_id) as owner_id
        from owners
        where name_key is not null
        group by source_instance, name_key
        having count(*) = 1
    ),

    moves as (
        select
            h.centre,
            h.source_instance,
            h.case_id,
            h.history_id,
            h.created_at,
            h.created_by_id,
            h.delivered_at,
            coalesce(h.old_value, o.owner_id) as old_id,
            coalesce(h.new_value, n.owner_id) as new_id
        from histories as h
        left join named as o on h.source_instance = o.source_instance and h.old_name_key = o.name_key
        left join named as n on h.source_instance = n.source_instance and h.new_name_key = n.name_key
        where h.field in ({{ owner_fields }}) and (h.new_value is not null or h.n_with_ids = 0)
    ),

    held as (
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
            from moves
            where {{ side }}_id is not null
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    values_held as (
        select
            h.*,
            coalesce(o.field, case when h.owner_id like '00G%' then 'group' else 'owner' end) as field,
            case when o.owner_id is null then h.owner_id else o.value end as value
        from held as h
        left join owners as o on h.source_instance = o.source_instance and h.owner_id = o.owner_id
    ),

    -- The value before is that of the same field, however long ago it stood.
    followed as (
        select
            v.*,
            lag(value) over (
                partition by source_instance, case_id, field order by created_at, history_id, side
            ) as old_value
        from values_held as v
    ),

    changes as (
        select
            centre,
            source_instance,
            case_id,
            history_id,
            created_at,
            created_by_id,
            delivered_at,
            field,
            old_value,
            value as new_value
        from followed
        where side = 2 and coalesce(old_value, '') <> coalesce(value, '')
        union all
        select
            centre,
            source_instance,
            case_id,
            history_id,
            created_at,
            created_by_id,
            delivered_at,
            lower(field),
            old_value,
            new_value
        from histories
        where field in ('Status', 'Priority')
    )

select
    c.centre,
    c.source_instance,
    c.case_id,
    c.field,
    c.old_value,
    c.new_value,
    c.created_at as changed_at,
    row_number() over (
        partition by c.source_instance, c.case_id order by c.created_at, c.history_id
    ) as change_seq,
    case when u.owner_id is null then c.created_by_id else u.value end as changed_by,
    c.delivered_at
from changes as c
left join owners as u on c.source_instance = u.source_instance and c.created_by_id = u.owner_id
