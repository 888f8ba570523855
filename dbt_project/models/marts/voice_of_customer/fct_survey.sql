-- One row per survey of a customer.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    response_id,
    contact_id,
    case_id,
    {{ key_text("journey_key") }} as journey_id,
    kind,
    value,
    known_value,
    sent_at,
    answered_at
from {{ ref("int_voice_of_customer__surveys") }}
