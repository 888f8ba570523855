-- One row per recorded escalation.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    escalation_id,
    journey_id,
    case_id,
    escalated_at,
    type,
    source,
    reason,
    severity,
    accepted_at,
    deescalated_at,
    true as is_recorded,
    false as is_shadow,
    'record' as detector
from {{ ref("int_journey__escalations") }}
