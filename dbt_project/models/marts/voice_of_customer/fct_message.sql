-- One row per message between customer and agent.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    message_id,
    contact_id,
    case_id,
    {{ key_text("journey_key") }} as journey_id,
    direction,
    sent_at,
    n_words,
    has_question,
    is_reask,
    language
from {{ ref("int_voice_of_customer__messages") }}
