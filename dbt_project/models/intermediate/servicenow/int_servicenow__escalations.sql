-- One row per rise of an incident's escalation to high or overdue.
-- The level follows the clock of a policy; moderate only says that some of the time is gone. The audit dates
-- rises and falls. Without it, the level rose not later than the first delivered state that shows it.
with
    levels as (
        select a.*
        from {{ ref("stg_servicenow__audits") }} as a
        where a.task_table = 'incident' and a.field = 'escalation'
    ),

    unnumbered as (select * from levels where update_number is null),

    {{ line_order("unnumbered", "record_id", "created_at") }},

    level_changes as (
        select
            l.*,
            min(case when new_level < 2 then created_at end) over (
                partition by l.source_instance, l.record_id
                order by
                    l.created_at nulls last,
                    coalesce(l.update_number, -1) nulls last,
                    case when l.update_number is null then {{ line_seq("l", "f") }} end nulls last,
                    l.new_level nulls last,
                    l.audit_id nulls last
                rows between 1 following and unbounded following
            ) as fallen_at
        from levels as l
        left join files as f on l.source_instance = f.source_instance and l.delivery_id = f.delivery_id
    ),

    rises as (
        select
            centre,
            source_instance,
            audit_id as escalation_id,
            record_id as case_id,
            created_at as requested_at,
            new_level as level,
            fallen_at as deescalated_at,
            delivered_at
        from level_changes
        where new_level >= 2 and coalesce(old_level, 0) < 2
        union all
        select
            centre,
            source_instance,
            case_id,
            case_id,
            case when closed_at < seen_at then closed_at else seen_at end,
            level,
            cast(null as timestamp),
            delivered_at
        from {{ ref("int_servicenow__flagged_incidents") }}
    )

select
    centre,
    source_instance,
    escalation_id,
    case_id,
    requested_at,
    'policy' as type,
    'internal' as source,
    'recorded' as origin,
    case level when 2 then 'high' when 3 then 'overdue' end as severity,
    deescalated_at,
    {{ null_columns("escalations", ["contact_id", "customer_id", "reason", "approved_at", "accepted_at"]) }},
    {{ null_columns("escalations", ["level", "clock", "to_group_id"]) }},
    delivered_at
from rises
cross join {{ ref("stg_faultline__parameters") }} as p
where p.as_of_at is null or requested_at <= p.as_of_at
