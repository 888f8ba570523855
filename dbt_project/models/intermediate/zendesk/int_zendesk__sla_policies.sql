-- One row per target of a policy for one metric and priority, as it is now.
-- What a policy asked before its last change is not known. A policy names no schedule: tickets follow theirs.
-- Where an account has one schedule only, that is it.
with
    schedules as (
        select source_instance, min(calendar_id) as calendar_id
        from {{ ref("int_zendesk__calendars") }}
        group by source_instance
        having count(distinct calendar_id) = 1
    )

select
    p.centre,
    p.source_instance,
    p.policy_id,
    {{ zendesk_sla_metric("p.metric") }} as metric,
    p.priority,
    cast(coalesce(p.target_seconds, p.target_minutes * 60) as bigint) as target_seconds,
    case when p.is_business_hours then 'business' when not p.is_business_hours then 'calendar' end as clock,
    case when p.is_business_hours then s.calendar_id end as calendar_id,
    p.updated_at as valid_from,
    {{ null_columns("sla_policies", ["valid_to"]) }},
    p.delivered_at
from {{ ref("stg_zendesk__sla_policy_metrics") }} as p
left join schedules as s on p.source_instance = s.source_instance
where coalesce(p.target_seconds, p.target_minutes) is not null
