-- One row per session of a participant, as the newest export of its conversation describes it.
{{ config(materialized="table") }}
select
    s.centre,
    s.source_instance,
    s.conversation_id,
    s.session_id,
    s.participant_id,
    s.participant_number,
    s.session_number,
    s.purpose,
    s.user_id,
    s.media_type,
    s.direction,
    s.ani,
    s.ani_status,
    s.dnis,
    s.dnis_status,
    s.callback_number,
    s.callback_number_status,
    s.started_at,
    s.delivered_at,
    g.queue_id,
    g.handled_since_at,
    g.handled_until_at,
    g.disconnect_type,
    g.wrap_up_code,
    s.campaign_id,
    coalesce(s.purpose = 'voicemail' or g.is_voicemail, false) as is_voicemail,
    m.abandon_ms,
    m.flow_out_ms,
    d.is_from_inside,
    d.is_internal,
    -- An agent whose phone only rang, or who listens to others, handles nothing; nor does a caller from
    -- inside.
    s.purpose in {{ genesys_cloud_insiders() }}
    and g.handled_since_at is not null
    and not g.is_watching
    and not (d.is_from_inside and coalesce(s.direction, '') = 'outbound') as is_handling,
    s.purpose in {{ genesys_cloud_insiders() }}
    and (coalesce(s.direction, s.originating_direction, '') = 'outbound' or s.media_type = 'callback')
    and not d.is_from_inside as is_dialling,
    d.is_picked_up,
    d.picked_up_at,
    coalesce(m.talk_ms, m.whole_talk_ms, g.talk_ms) / cast(1000 as double) as talk_seconds,
    coalesce(m.hold_ms, m.whole_hold_ms, g.hold_ms, 0) / cast(1000 as double) as hold_seconds,
    coalesce(m.wrap_up_ms, g.wrap_up_ms, 0) / cast(1000 as double) as wrap_up_seconds,
    -- How the conversation went on. What a queue hands over to an agent ends as `transfer`, too.
    case
        when s.purpose not in {{ genesys_cloud_insiders() }}
        then null
        when m.n_blind_transferred > 0
        then 'blind'
        when m.n_consult_transferred > 0
        then 'consult'
        when g.disconnect_type = 'transfer'
        then 'blind'
        when g.disconnect_type in ('consulttransfer', 'conferencetransfer')
        then 'consult'
        when m.n_transferred > 0 or g.disconnect_type like '%transfer'
        then 'unspecified'
        else 'none'
    end as passed_on
from {{ ref("int_genesys_cloud__newest_sessions") }} as s
left join
    {{ ref("int_genesys_cloud__segment_totals") }} as g
    on s.source_instance = g.source_instance
    and s.conversation_id = g.conversation_id
    and s.session_id = g.session_id
left join
    {{ ref("int_genesys_cloud__metric_totals") }} as m
    on s.source_instance = m.source_instance
    and s.conversation_id = m.conversation_id
    and s.session_id = m.session_id
left join
    {{ ref("int_genesys_cloud__conversation_directions") }} as d
    on s.source_instance = d.source_instance
    and s.conversation_id = d.conversation_id
