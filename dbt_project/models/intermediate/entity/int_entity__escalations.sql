-- One row per escalation of all sources, recorded or derived. What cases tell of them counts only where
-- nobody records escalations, and what tiers tell only where neither does: each would count twice.
with
    recorded as ({{ entity_union("escalations", ["stg_mapped__escalations"]) }}),

    case_escalations as (
        {{ entity_union("escalations", ["int_salesforce__escalations", "int_servicenow__escalations"]) }}
    ),

    derived as ({{ entity_union("escalations", ["int_handoff__tier_rises"]) }})

select *
from recorded
union all
select *
from case_escalations
where centre not in (select centre from recorded)
union all
select *
from derived
where centre not in (select centre from recorded) and centre not in (select centre from case_escalations)
