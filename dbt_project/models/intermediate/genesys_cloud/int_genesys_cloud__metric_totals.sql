-- One row per session that has metrics, with their sums.
{% set metrics = {
    "talk_ms": "'ttalk'",
    "whole_talk_ms": "'ttalkcomplete'",
    "hold_ms": "'theld'",
    "whole_hold_ms": "'theldcomplete'",
    "wrap_up_ms": "'tacw'",
    "abandon_ms": "'tabandon', 'tshortabandon'",
    "flow_out_ms": "'tflowout'",
    "n_transferred": "'ntransferred'",
    "n_blind_transferred": "'nblindtransferred'",
    "n_consult_transferred": "'nconsulttransferred'",
} %}
select
    m.source_instance,
    m.conversation_id,
    m.session_id
    {%- for column, names in metrics.items() %}
        , sum(m.value) filter (where lower(m.metric) in ({{ names }})) as {{ column }}
    {%- endfor %}
from {{ ref("stg_genesys_cloud__metrics") }} as m
inner join
    {{ ref("int_genesys_cloud__newest_sessions") }} as s
    on m.source_instance = s.source_instance
    and m.conversation_id = s.conversation_id
    and m.session_id = s.session_id
    and m.known_until_at = s.known_until_at
    and m.delivered_at = s.delivered_at
group by m.source_instance, m.conversation_id, m.session_id
