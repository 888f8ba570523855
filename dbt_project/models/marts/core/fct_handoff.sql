-- One row per handoff of a case or contact chain from one team to the next.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    unit_type,
    unit_id,
    handoff_seq,
    from_team_id,
    to_team_id,
    handed_at,
    kind,
    returns_to_earlier,
    dwell_seconds
from {{ ref("int_handoff__handoffs") }}
