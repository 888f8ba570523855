-- One row per case as it stands at its newest version; a deleted ticket keeps the status it had before.
with
    last_closed as (
        select source_instance, case_id, max(changed_at) as closed_at
        from {{ ref("int_zendesk__case_changes") }}
        where field = 'status' and new_value = 'closed'
        group by source_instance, case_id
    )

select
    t.centre,
    t.source_instance,
    t.ticket_id as case_id,
    coalesce(u.customer_number, u.user_key, t.requester_key) as customer_id,
    t.created_at as opened_at,
    case when t.last_status = 'closed' then l.closed_at end as closed_at,
    case when t.status = 'deleted' then t.last_status else t.status end as status,
    t.channel,
    coalesce(f.reason, t.reason) as reason,
    coalesce(f.product, t.product) as product,
    t.priority,
    t.assignee_id as owner_id,
    coalesce(g.team_id, t.group_id) as group_id,
    case when t.via_relation = 'follow_up' then t.via_ticket_id end as parent_case_id,
    coalesce(f.resolution_code, t.resolution_code) as resolution_code,
    -- The ticket belongs to one group before it is passed on.
    case
        when m.n_group_stations > 0 then m.n_group_stations - 1 else m.n_group_stations
    end as vendor_reassignment_count,
    m.n_reopens as vendor_reopen_count,
    m.solved_at as vendor_resolved_at,
    case when c.n_breached > 0 then false when c.n_running = 0 and c.n_clocks > 0 then true end as is_sla_met,
    {{ null_columns("cases", ["is_knowledge_used"]) }},
    case when c.is_late_reply then false when c.is_replied then true end as is_timely_response,
    t.merged_into is null and (t.status = 'deleted' or coalesce(t.is_deleted, false)) as is_deleted,
    t.merged_into,
    t.delivered_at
from {{ ref("int_zendesk__latest_tickets") }} as t
left join
    {{ ref("stg_zendesk__users") }} as u
    on t.source_instance = u.source_instance
    and t.requester_id = u.user_id
left join
    {{ ref("stg_zendesk__groups") }} as g on t.source_instance = g.source_instance and t.group_id = g.group_id
left join
    {{ ref("int_zendesk__custom_fields") }} as f
    on t.source_instance = f.source_instance
    and t.ticket_id = f.ticket_id
left join last_closed as l on t.source_instance = l.source_instance and t.ticket_id = l.case_id
left join
    {{ ref("int_zendesk__service_levels") }} as c
    on t.source_instance = c.source_instance
    and t.ticket_id = c.ticket_id
left join
    {{ ref("stg_zendesk__ticket_metrics") }} as m
    on t.source_instance = m.source_instance
    and t.ticket_id = m.ticket_id
