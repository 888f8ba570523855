-- One row per change of one field of one incident, with teams and users by our ids.
-- A change without values is kept: the audit then shows only that something changed.
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
from {{ ref("int_servicenow__incident_changes") }} as c
left join
    {{ ref("int_servicenow__group_references") }} as o
    on c.source_instance = o.source_instance
    and c.field = 'group'
    and c.old_value = o.reference_value
left join
    {{ ref("int_servicenow__group_references") }} as n
    on c.source_instance = n.source_instance
    and c.field = 'group'
    and c.new_value = n.reference_value
left join
    {{ ref("int_servicenow__user_references") }} as u
    on c.source_instance = u.source_instance
    and c.changed_by_key = u.reference_value
where
    coalesce(c.old_value, '') <> coalesce(c.new_value, '')
    or (c.old_value is null and c.new_value is null and c.field <> 'owner')
