-- One row per sentiment score of one party of a contact.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    contact_id,
    {{ key_text("journey_key") }} as journey_id,
    party,
    scored_at,
    score,
    scale,
    score_norm,
    model_version
from {{ ref("int_voice_of_customer__sentiment") }}
