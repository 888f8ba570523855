-- One row per event of a clock that a policy runs for a ticket.
-- A metric has one instance for each time it is measured. The first activation starts its clock, others
-- resume it. A fulfilled clock is met if it was not breached before. Clocks without a policy have no target.
with
    events as (
        select
            *,
            case
                when metric <> 'reply_time'
                then {{ zendesk_sla_metric("metric") }}
                when instance_id = '1'
                then 'first_reply'
                else 'next_reply'
            end as sla_metric
        from {{ ref("stg_zendesk__ticket_metric_events") }}
        where not coalesce(is_deleted, false)
    ),

    clocks as (
        select
            source_instance,
            ticket_id,
            metric,
            instance_id,
            {{ latest_filled("policy_id", "event_at") }} as policy_id,
            min(event_at) filter (where event_type = 'activate') as started_at
        from events
        group by source_instance, ticket_id, metric, instance_id
    )

select distinct
    e.centre,
    e.source_instance,
    e.ticket_id as case_id,
    c.policy_id,
    e.sla_metric as metric,
    case
        e.event_type
        when 'pause'
        then 'pause'
        when 'fulfill'
        then 'met'
        when 'breach'
        then 'breached'
        when 'activate'
        then case when e.event_at = c.started_at then 'start' else 'resume' end
    end as event,
    e.event_at,
    {{ null_columns("sla_events", ["pause_reason"]) }},
    min(e.delivered_at) over (partition by e.source_instance, e.ticket_id) as delivered_at
from events as e
inner join
    clocks as c
    on e.source_instance = c.source_instance
    and e.ticket_id = c.ticket_id
    and e.metric = c.metric
    and e.instance_id is not distinct from c.instance_id
where c.policy_id is not null and e.event_type in ('activate', 'pause', 'fulfill', 'breach')
