-- One row per case as it stands at its newest version; a deleted ticket keeps the status it had before.
{% set meanings = ["reason", "product", "resolution_code"] %}
with
    tickets as (select * from {{ ref("stg_zendesk__tickets") }} as t),

    last_statuses as (
        select source_instance, ticket_id, status
        from
            (
                select
                    t.*,
                    row_number() over (
                        partition by source_instance, ticket_id
                        order by updated_at desc nulls last, delivered_at desc nulls last, status nulls last
                    ) as recency
                from {{ ref("stg_zendesk__tickets_versions") }} as t
                where status <> 'deleted'
            ) as versions
        where recency = 1
    ),

    -- The ticket that is left lists those that were merged into it.
    merges as (
        select source_instance, merged_ticket_id, min(ticket_id) as ticket_id
        from
            (
                select source_instance, ticket_id, {{ each_item("merged_ticket_ids") }} as merged_ticket_id
                from tickets
                where merged_ticket_ids is not null
            ) as listed
        group by source_instance, merged_ticket_id
    ),

    users as (
        select source_instance, user_id, coalesce(customer_number, user_key) as customer_id
        from {{ ref("stg_zendesk__users") }} as u
    ),

    groups as (select source_instance, group_id, team_id from {{ ref("stg_zendesk__groups") }} as g),

    -- Of several fields that mean the same the one with the smallest name counts.
    custom as (
        select
            v.source_instance,
            v.ticket_id
            {% for meaning in meanings %}
                , min(case when f.meaning = '{{ meaning }}' then v.value end) as {{ meaning }}
            {% endfor %}
        from {{ ref("stg_zendesk__ticket_custom_fields") }} as v
        inner join
            {{ ref("stg_zendesk__ticket_fields") }} as f
            on v.source_instance = f.source_instance
            and v.field_id = f.field_id
        group by v.source_instance, v.ticket_id
    ),

    last_closed as (
        select source_instance, case_id, max(changed_at) as closed_at
        from {{ ref("int_zendesk__case_changes") }}
        where field = 'status' and new_value = 'closed'
        group by source_instance, case_id
    ),

    clocks as (
        select
            source_instance,
            ticket_id,
            instance_id,
            metric = 'reply_time' as is_reply,
            bool_or(event_type in ('apply_sla', 'apply_group_sla')) as is_due,
            bool_or(event_type = 'breach') as is_breached,
            bool_or(event_type = 'fulfill') as is_fulfilled
        from {{ ref("stg_zendesk__ticket_metric_events") }} as e
        where not coalesce(is_deleted, false)
        group by source_instance, ticket_id, metric, instance_id
    ),

    -- The first reply is in time or not; all other clocks together are the service level of the case.
    service_levels as (
        select
            source_instance,
            ticket_id,
            count(*) filter (where is_breached and not is_reply) as n_breached,
            count(*) filter (where not is_breached and not is_fulfilled and not is_reply) as n_running,
            count(*) filter (where not is_reply) as n_clocks,
            bool_or(is_breached) filter (where is_reply and instance_id = '1') as is_late_reply,
            bool_or(is_fulfilled) filter (where is_reply and instance_id = '1') as is_replied
        from clocks
        where is_due
        group by source_instance, ticket_id
    ),

    counters as (select * from {{ ref("stg_zendesk__ticket_metrics") }} as m)

select
    t.centre,
    t.source_instance,
    t.ticket_id as case_id,
    coalesce(u.customer_id, t.requester_key) as customer_id,
    t.created_at as opened_at,
    case when s.status = 'closed' then l.closed_at end as closed_at,
    case when t.status = 'deleted' then s.status else t.status end as status,
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
    {{ unfilled("cases", ["is_knowledge_used"]) }},
    case when c.is_late_reply then false when c.is_replied then true end as is_timely_response,
    x.ticket_id is null and (t.status = 'deleted' or coalesce(t.is_deleted, false)) as is_deleted,
    x.ticket_id as merged_into,
    t.delivered_at
from tickets as t
left join users as u on t.source_instance = u.source_instance and t.requester_id = u.user_id
left join groups as g on t.source_instance = g.source_instance and t.group_id = g.group_id
left join custom as f on t.source_instance = f.source_instance and t.ticket_id = f.ticket_id
left join last_closed as l on t.source_instance = l.source_instance and t.ticket_id = l.case_id
left join service_levels as c on t.source_instance = c.source_instance and t.ticket_id = c.ticket_id
left join counters as m on t.source_instance = m.source_instance and t.ticket_id = m.ticket_id
left join last_statuses as s on t.source_instance = s.source_instance and t.ticket_id = s.ticket_id
left join merges as x on t.source_instance = x.source_instance and t.ticket_id = x.merged_ticket_id
