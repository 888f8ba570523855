-- One row per escalation, recorded or derived: the journey it belongs to, by case, contact or customer.
with
    subjects as (
        select source_instance, escalation_id, case_key, case_id, case_source_instance, journey_key
        from {{ ref("int_journey__escalation_cases") }}
        union all
        select source_instance, escalation_id, case_key, case_id, case_source_instance, journey_key
        from {{ ref("int_journey__escalation_items") }}
    )

select
    e.centre,
    e.source_instance,
    e.escalation_id,
    s.journey_key,
    s.case_key,
    s.case_id,
    s.case_source_instance,
    e.requested_at as escalated_at,
    e.type,
    e.source,
    e.reason,
    e.severity,
    e.accepted_at,
    e.deescalated_at,
    case when lower(e.origin) = 'derived' then 'derived' else 'recorded' end as origin
from {{ ref("int_entity__escalations") }} as e
left join subjects as s on e.source_instance = s.source_instance and e.escalation_id = s.escalation_id
