-- One row per task and kind of service level target, with whether it was met.
-- A task has many targets: cancelled ones and agreements between teams do not count, one breach decides,
-- and as long as one runs unbreached nothing is met yet. Targets of no known kind are taken for resolution.
with
    clocks as (
        select
            s.source_instance,
            s.task_id,
            case when d.target = 'response' then 'response' else 'resolution' end as target,
            coalesce(s.has_breached, false) or coalesce(s.stage, '') = 'breached' as is_breached,
            s.ended_at is not null or coalesce(s.stage, '') in ('completed', 'achieved') as is_ended
        from {{ ref("stg_servicenow__task_slas") }} as s
        left join
            {{ ref("stg_servicenow__sla_definitions") }} as d
            on s.source_instance = d.source_instance
            and s.sla_definition_id = d.sla_definition_id
        where
            not coalesce(s.is_deleted, false)
            and coalesce(s.stage, '') not in ('cancelled', 'canceled')
            and coalesce(d.type, 'sla') = 'sla'
    )

select
    source_instance,
    task_id,
    target,
    case when bool_or(is_breached) then false when bool_and(is_ended) then true end as is_met
from clocks
group by source_instance, task_id, target
