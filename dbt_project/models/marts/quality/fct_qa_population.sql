-- One row per answered contact and quality plan that may sample it; without a plan where none may.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    contact_id,
    plan_id,
    is_eligible,
    exclusion_reason,
    stratum,
    inclusion_probability,
    is_sampled,
    is_recorded
from {{ ref("int_quality__population") }}
