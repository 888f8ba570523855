-- One row per clock of a service level: case, policy, metric and start.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    case_id,
    policy_id,
    metric,
    started_at,
    priority_at_start,
    clock,
    target_seconds,
    ended_at,
    cast(elapsed_seconds as bigint) as elapsed_seconds,
    cast(elapsed_business_seconds as bigint) as elapsed_business_seconds,
    cast(paused_seconds as bigint) as paused_seconds,
    cast(counted_seconds as bigint) as counted_seconds,
    cast(n_pauses as bigint) as n_pauses,
    cast(n_suspicious_pauses as bigint) as n_suspicious_pauses,
    breached_at,
    is_loosened_after_start,
    is_met
from {{ ref("int_sla__outcomes") }}
