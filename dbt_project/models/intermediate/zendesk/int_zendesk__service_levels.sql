-- One row per ticket with clocks of a service level, with how they stand.
-- The first reply is in time or not; all other clocks together are the service level of the case.
with
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
    )

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
