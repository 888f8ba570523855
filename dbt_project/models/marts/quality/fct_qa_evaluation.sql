-- One row per quality evaluation, drafts included.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    evaluation_id,
    contact_id,
    agent_id,
    team_id,
    evaluator_id,
    score,
    is_automatic,
    calibration_session_id,
    submitted_at,
    is_submitted,
    latency_seconds
from {{ ref("int_quality__evaluations") }}
