-- One row per incident as it stands at its newest delivery.
-- Other tasks are no cases: a problem or a change is about many cases, and a request asks for something new.
with
    linked_articles as (
        select source_instance, task_id, count(*) as n_articles
        from {{ ref("stg_servicenow__task_articles") }} as a
        where not coalesce(is_deleted, false)
        group by source_instance, task_id
    ),

    -- In a source with a table of service level targets, the older flag of the incident says nothing.
    sources_with_targets as (
        select distinct source_instance from {{ ref("stg_servicenow__task_slas_versions") }}
    )

select
    i.centre,
    i.source_instance,
    i.case_id,
    coalesce(c.customer_id, i.caller_key) as customer_id,
    coalesce(i.opened_at, i.created_at) as opened_at,
    i.closed_at,
    case when i.state = 'on_hold' then coalesce(i.hold_reason, i.state) else i.state end as status,
    i.channel,
    i.reason,
    i.product,
    i.priority,
    coalesce(i.assigned_to, o.user_id, i.assigned_to_key) as owner_id,
    coalesce(g.team_id, i.assignment_group) as group_id,
    coalesce(i.parent_incident_id, i.parent_id) as parent_case_id,
    i.resolution_code,
    i.reassignment_count as vendor_reassignment_count,
    i.reopen_count as vendor_reopen_count,
    case when i.state in ('resolved', 'closed') then i.resolved_at end as vendor_resolved_at,
    case
        when e.source_instance is not null
        then s.is_met
        when not i.is_sla_made or i.state in ('resolved', 'closed')
        then i.is_sla_made
    end as is_sla_met,
    coalesce(case when a.n_articles > 0 then true end, i.is_knowledge_flagged) as is_knowledge_used,
    r.is_met as is_timely_response,
    i.is_deleted,
    {{ null_columns("cases", ["merged_into"]) }},
    i.delivered_at
from {{ ref("int_servicenow__incidents") }} as i
left join
    {{ ref("int_servicenow__user_references") }} as c
    on i.source_instance = c.source_instance
    and i.caller_key = c.reference_value
left join
    {{ ref("int_servicenow__user_references") }} as o
    on i.source_instance = o.source_instance
    and i.assigned_to_key = o.reference_value
left join
    {{ ref("int_servicenow__group_references") }} as g
    on i.source_instance = g.source_instance
    and i.assignment_group = g.reference_value
left join sources_with_targets as e on i.source_instance = e.source_instance
left join
    {{ ref("int_servicenow__sla_outcomes") }} as s
    on i.source_instance = s.source_instance
    and i.case_id = s.task_id
    and s.target = 'resolution'
left join
    {{ ref("int_servicenow__sla_outcomes") }} as r
    on i.source_instance = r.source_instance
    and i.case_id = r.task_id
    and r.target = 'response'
left join linked_articles as a on i.source_instance = a.source_instance and i.case_id = a.task_id
