-- One row per change of one field of one incident, as the audit has it.
-- Of one second, the vendor's number of the update decides, and without it the order of the lines.
-- A change of state is told of both `incident_state` and `state`, and its reason to wait apart from it: one
-- update. A change whose values the audit does not hold is kept: something changed to something unknown.
-- An incident that was never updated says itself how it began.
with
    recorded as (select a.* from {{ ref("stg_servicenow__audits") }} as a where a.task_table = 'incident'),

    unnumbered as (select * from recorded where update_number is null),

    {{ line_order("unnumbered", "record_id", "created_at") }},

    audits as (
        select
            r.*,
            coalesce(r.update_number, -1) as update_seq,
            case when r.update_number is null then {{ line_seq("r", "f") }} end as line_seq
        from recorded as r
        left join files as f on r.source_instance = f.source_instance and r.delivery_id = f.delivery_id
    ),

    ranked_states as (
        select
            r.*,
            row_number() over (
                partition by
                    source_instance,
                    record_id,
                    created_at,
                    update_seq,
                    case
                        when update_seq = -1 then coalesce(old_state, '') || '>' || coalesce(new_state, '')
                    end
                order by
                    case when old_state is null and new_state is null then 1 else 0 end nulls last,
                    field nulls last,
                    old_state nulls last,
                    new_state nulls last,
                    audit_id nulls last
            ) as state_rank
        from audits as r
        where field in ('incident_state', 'state')
    ),

    states as (select * from ranked_states where state_rank = 1),

    holds as (select * from audits where field = 'hold_reason'),

    changes as (
        {% for field, told, column in [
            ("group", "assignment_group", "group"),
            ("owner", "assigned_to", "owner"),
            ("priority", "priority", "priority"),
        ] %}
            select
                centre,
                source_instance,
                record_id,
                '{{ field }}' as field,
                old_{{ column }} as old_value,
                new_{{ column }} as new_value,
                created_at,
                update_seq,
                line_seq,
                changed_by_key,
                audit_id,
                delivered_at
            from audits
            where field = '{{ told }}'
            union all
        {% endfor %}
        select
            s.centre,
            s.source_instance,
            s.record_id,
            'status',
            case
                when s.old_state = 'on_hold' then coalesce(h.old_hold_reason, s.old_state) else s.old_state
            end,
            case
                when s.new_state = 'on_hold' then coalesce(h.new_hold_reason, s.new_state) else s.new_state
            end,
            s.created_at,
            s.update_seq,
            s.line_seq,
            s.changed_by_key,
            s.audit_id,
            s.delivered_at
        from states as s
        left join
            holds as h
            on s.source_instance = h.source_instance
            and s.record_id = h.record_id
            and s.created_at = h.created_at
            and s.update_seq = h.update_seq
        union all
        -- It waits on, for another reason.
        select
            h.centre,
            h.source_instance,
            h.record_id,
            'status',
            coalesce(h.old_hold_reason, 'on_hold'),
            h.new_hold_reason,
            h.created_at,
            h.update_seq,
            h.line_seq,
            h.changed_by_key,
            h.audit_id,
            h.delivered_at
        from holds as h
        left join
            states as s
            on h.source_instance = s.source_instance
            and h.record_id = s.record_id
            and h.created_at = s.created_at
            and h.update_seq = s.update_seq
        where s.record_id is null and h.new_hold_reason is not null
        {% for field, value in [("created", "null"), ("status", "i.state")] %}
            union all
            select
                i.centre,
                i.source_instance,
                i.case_id,
                '{{ field }}',
                null,
                {{ value }},
                coalesce(i.opened_at, i.created_at),
                -1,
                null,
                null,
                i.case_id,
                i.delivered_at
            from {{ ref("int_servicenow__incidents") }} as i
            left join
                (select distinct source_instance, record_id from states) as s
                on i.source_instance = s.source_instance
                and i.case_id = s.record_id
            where
                s.record_id is null
                and i.state is not null
                and (i.n_updates = 0 or i.modified_at = i.created_at)
        {% endfor %}
    )

select
    c.centre,
    c.source_instance,
    c.record_id as case_id,
    c.field,
    case when c.field = 'group' then coalesce(o.team_id, c.old_value) else c.old_value end as old_value,
    case when c.field = 'group' then coalesce(n.team_id, c.new_value) else c.new_value end as new_value,
    c.created_at as changed_at,
    row_number() over (
        partition by c.source_instance, c.record_id
        order by
            c.created_at nulls last,
            c.update_seq nulls last,
            c.line_seq nulls last,
            c.field nulls last,
            c.old_value nulls first,
            c.new_value nulls last,
            c.audit_id nulls last
    ) as change_seq,
    coalesce(u.user_id, c.changed_by_key) as changed_by,
    c.delivered_at
from changes as c
left join
    {{ ref("int_servicenow__group_references") }} as o
    on c.source_instance = o.source_instance
    and c.field = 'group'
    and c.old_value = o.told_as
left join
    {{ ref("int_servicenow__group_references") }} as n
    on c.source_instance = n.source_instance
    and c.field = 'group'
    and c.new_value = n.told_as
left join
    {{ ref("int_servicenow__user_references") }} as u
    on c.source_instance = u.source_instance
    and c.changed_by_key = u.told_as
where
    coalesce(c.old_value, '') <> coalesce(c.new_value, '')
    or (c.old_value is null and c.new_value is null and c.field <> 'owner')
