-- One row per case, field and time during which the field kept its value.
{{ config(materialized="view") }}
select
    centre, source_instance, case_id, field, interval_seq, valid_from, valid_to, value, changed_by, is_pause
from {{ ref("int_case__intervals") }}
