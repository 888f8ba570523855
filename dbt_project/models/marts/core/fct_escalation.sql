-- One row per escalation, recorded or derived from tiers.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    escalation_id,
    {{ key_text("journey_key") }} as journey_id,
    case_id,
    escalated_at,
    type,
    source,
    reason,
    severity,
    accepted_at,
    deescalated_at,
    origin = 'recorded' as is_recorded,
    false as is_shadow,
    case origin when 'derived' then 'tier' else 'record' end as detector,
    origin
from {{ ref("int_journey__escalations") }}
