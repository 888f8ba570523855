-- One row per derived escalation: a contact or case reached a queue of a higher tier than any before.
select
    centre,
    source_instance,
    {{
        dbt.concat(
            ["'tier:'", "unit_type", "':'", "unit_id", "':'", "cast(stay_seq as " ~ dbt.type_string() ~ ")"]
        )
    }} as escalation_id,
    case when unit_type = 'case' then unit_id end as case_id,
    case when unit_type = 'contact' then unit_id end as contact_id,
    started_at as requested_at,
    'functional' as type,
    'internal' as source,
    'derived' as origin,
    {{ null_columns("escalations", ["customer_id", "reason", "severity", "approved_at", "accepted_at"]) }},
    {{ null_columns("escalations", ["deescalated_at", "level", "clock", "to_group_id"]) }},
    cast(null as {{ landed_type("ts") }}) as delivered_at
from {{ ref("int_handoff__tier_stays") }}
where is_rise
