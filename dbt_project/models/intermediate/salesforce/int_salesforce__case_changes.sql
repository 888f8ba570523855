-- One row per change of one field of one case.
-- A change of owner is told twice, with names and with ids: ids count, names only where they stand alone.
-- A queue owns a case until somebody takes it, so owners are two fields here: the group and the agent. Where
-- it cannot be told who took a case over, both changed to something unknown.
{% set owner_fields = "'Owner', 'ownerAssignment', 'ownerAccepted', 'ownerEscalated'" %}
with
    cases as (select * from {{ ref("stg_salesforce__cases") }} as c),

    histories as (
        select
            h.*,
            count(h.new_value) over (
                partition by h.source_instance, h.case_id, h.field, h.created_at
            ) as n_with_ids
        from {{ ref("stg_salesforce__case_histories") }} as h
        left join cases as c on h.source_instance = c.source_instance and h.case_id = c.case_id
        -- The history of a deleted case is deleted with it.
        where not coalesce(h.is_deleted, false) or c.is_deleted
    ),

    -- Nobody works as a user of the system itself.
    owners as (
        select
            source_instance,
            user_id as owner_id,
            name_key,
            'owner' as field,
            case when coalesce(user_type, 'Standard') <> 'AutomatedProcess' then user_id end as value
        from {{ ref("stg_salesforce__users") }} as u
        union all
        select source_instance, group_id, name_key, 'group', coalesce(developer_name, group_id)
        from {{ ref("stg_salesforce__groups") }} as g
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
                partition by source_instance, case_id, field
                order by created_at nulls last, history_id nulls last, side nulls last
            ) as old_value
        from values_held as v
    ),

    -- Who owned the case until its only change to another kind of owner.
    held_before as (
        select
            v.*,
            row_number() over (
                partition by source_instance, case_id, field
                order by created_at nulls last, history_id nulls last, side nulls last
            ) as value_no,
            max(side) over (partition by source_instance, case_id, field) as last_side
        from values_held as v
    ),

    -- A case that was never changed, or closed when it was created, says itself how it began.
    unchanged as (
        select c.*
        from cases as c
        left join
            (select distinct source_instance, case_id from histories where field = 'Status') as h
            on c.source_instance = h.source_instance
            and c.case_id = h.case_id
        where
            h.case_id is null
            and c.status is not null
            and (c.modified_at = c.created_at or c.is_closed_on_create)
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
        where field in ('Status', 'Priority', 'created')
        union all
        select
            centre,
            source_instance,
            case_id,
            history_id,
            created_at,
            created_by_id,
            delivered_at,
            field,
            value,
            value
        from held_before
        where value_no = 1 and side = 1 and last_side = 1 and value is not null
        {% for field in ["group", "owner"] %}
            union all
            select
                centre,
                source_instance,
                case_id,
                history_id,
                created_at,
                created_by_id,
                delivered_at,
                '{{ field }}',
                null,
                null
            from moves
            where new_id is null
        {% endfor %}
        {% for field, value in [("created", "null"), ("status", "status")] %}
            union all
            select
                centre,
                source_instance,
                case_id,
                case_id,
                created_at,
                created_by_id,
                delivered_at,
                '{{ field }}',
                null,
                {{ value }}
            from unchanged
        {% endfor %}
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
        partition by c.source_instance, c.case_id
        order by c.created_at nulls last, c.history_id nulls last, c.field nulls last
    ) as change_seq,
    case when u.owner_id is null then c.created_by_id else u.value end as changed_by,
    c.delivered_at
from changes as c
left join owners as u on c.source_instance = u.source_instance and c.created_by_id = u.owner_id
