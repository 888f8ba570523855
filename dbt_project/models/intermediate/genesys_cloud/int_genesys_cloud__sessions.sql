-- One row per session of a participant, as the newest export of its conversation tells of it.
{{ config(materialized="table") }}
{% set people = "('agent', 'user', 'station', 'internal')" %}
{% set outsiders = "('customer', 'external')" %}
{% set handling = "('interact', 'hold', 'callback')" %}
{% set watching = "('monitoring', 'coaching', 'barging')" %}
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
with
    conversations as (select * from {{ ref("stg_genesys_cloud__conversations") }}),

    sessions as (select * from {{ ref("stg_genesys_cloud__sessions") }}),

    segments as (select * from {{ ref("stg_genesys_cloud__segments") }}),

    metrics as (select * from {{ ref("stg_genesys_cloud__metrics") }}),

    -- Of all exports of a conversation its sessions count as the newest one has them.
    newest as (
        select s.*, c.originating_direction, c.ended_at as conversation_ended_at
        from sessions as s
        inner join
            conversations as c
            on s.source_instance = c.source_instance
            and s.conversation_id = c.conversation_id
            and s.known_until_at = c.known_until_at
            and s.delivered_at = c.delivered_at
    ),

    timed as (
        select
            g.*,
            case
                when g.segment_type in {{ handling }}
                then 'handling'
                when g.segment_type in {{ watching }}
                then 'watching'
                else g.segment_type
            end as kind,
            {{ dbt.datediff("g.started_at", "g.ended_at", "millisecond") }} as duration_ms
        from segments as g
        inner join
            newest as s
            on g.source_instance = s.source_instance
            and g.conversation_id = s.conversation_id
            and g.session_id = s.session_id
            and g.known_until_at = s.known_until_at
            and g.delivered_at = s.delivered_at
    ),

    segment_totals as (
        select
            source_instance,
            conversation_id,
            session_id,
            {{ first_filled("queue_id", "segment_number") }} as queue_id,
            min(started_at) filter (where kind = 'handling') as handled_since_at,
            min(started_at) filter (where segment_type in ('interact', 'hold')) as talked_since_at,
            count(*) filter (where segment_type = 'voicemail') > 0 as is_voicemail,
            case
                when count(*) filter (where kind = 'handling' and ended_at is null) = 0
                then max(ended_at) filter (where kind = 'handling')
            end as handled_until_at,
            max_by(disconnect_type, segment_number) filter (
                where disconnect_type is not null and kind <> 'wrapup'
            ) as disconnect_type,
            {{ last_filled("wrap_up_code", "segment_number") }} as wrap_up_code,
            count(*) filter (where kind = 'watching') > 0 as is_watching,
            sum(duration_ms) filter (where kind = 'handling' and segment_type <> 'hold') as talk_ms,
            sum(duration_ms) filter (where segment_type = 'hold') as hold_ms,
            sum(duration_ms) filter (where kind = 'wrapup') as wrap_up_ms
        from timed
        group by source_instance, conversation_id, session_id
    ),

    metric_totals as (
        select
            m.source_instance,
            m.conversation_id,
            m.session_id
            {%- for column, names in metrics.items() %}
                , sum(m.value) filter (where lower(m.metric) in ({{ names }})) as {{ column }}
            {%- endfor %}
        from metrics as m
        inner join
            newest as s
            on m.source_instance = s.source_instance
            and m.conversation_id = s.conversation_id
            and m.session_id = s.session_id
            and m.known_until_at = s.known_until_at
            and m.delivered_at = s.delivered_at
        group by m.source_instance, m.conversation_id, m.session_id
    ),

    -- Calls that our side dialled: of a callback, its calls where the export has them, or else the
    -- callback itself.
    dialled as (
        select
            s.source_instance,
            s.conversation_id,
            count(*) as n_dialled,
            min(
                case
                    when
                        s.disposition like '%.machine'
                        or s.disposition like '%.fax'
                        or s.disposition like '%.busy'
                        or s.disposition like '%.noanswer'
                    then null
                    else g.talked_since_at
                end
            ) as picked_up_at,
            bool_or(s.conversation_ended_at is not null) as is_over
        from
            (
                select
                    n.*,
                    min(case when n.media_type = 'callback' then 1 else 0 end) over (
                        partition by n.source_instance, n.conversation_id
                    ) as is_callback_only
                from newest as n
                where
                    n.purpose in {{ outsiders }}
                    and n.media_type in ('voice', 'callback')
                    and (
                        n.direction = 'outbound'
                        or n.originating_direction = 'outbound'
                        or n.media_type = 'callback'
                    )
            ) as s
        left join
            segment_totals as g
            on s.source_instance = g.source_instance
            and s.conversation_id = g.conversation_id
            and s.session_id = g.session_id
        where s.media_type = 'voice' or s.is_callback_only = 1
        group by s.source_instance, s.conversation_id
    ),

    -- Somebody inside may call somebody inside: then the one who dialled is the caller.
    parties as (
        select
            source_instance,
            conversation_id,
            count(distinct participant_id) > 1
            and bool_or(purpose in {{ people }} and direction = 'outbound')
            and not bool_or(purpose in {{ outsiders }}) as is_from_inside,
            bool_or(purpose not in {{ people }} and purpose not in ('group', 'voicemail')) as has_others
        from newest
        group by source_instance, conversation_id
    )

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
    p.is_from_inside,
    p.is_from_inside and not p.has_others as is_internal,
    -- Who was only rung up, or listens in on others, handles nothing; nor does a caller from inside.
    s.purpose in {{ people }}
    and g.handled_since_at is not null
    and not g.is_watching
    and not (p.is_from_inside and coalesce(s.direction, '') = 'outbound') as is_handling,
    s.purpose in {{ people }}
    and (coalesce(s.direction, s.originating_direction, '') = 'outbound' or s.media_type = 'callback')
    and not p.is_from_inside as is_dialling,
    -- Whether the customer picked up, of conversations in which our side dialled.
    case
        when d.picked_up_at is not null then true when d.n_dialled > 0 and d.is_over then false
    end as is_picked_up,
    d.picked_up_at,
    coalesce(m.talk_ms, m.whole_talk_ms, g.talk_ms) / 1000.0 as talk_seconds,
    coalesce(m.hold_ms, m.whole_hold_ms, g.hold_ms, 0) / 1000.0 as hold_seconds,
    coalesce(m.wrap_up_ms, g.wrap_up_ms, 0) / 1000.0 as wrap_up_seconds,
    -- What queues hand over to agents ends as `transfer`, too.
    case
        when s.purpose not in {{ people }}
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
from newest as s
left join
    segment_totals as g
    on s.source_instance = g.source_instance
    and s.conversation_id = g.conversation_id
    and s.session_id = g.session_id
left join
    metric_totals as m
    on s.source_instance = m.source_instance
    and s.conversation_id = m.conversation_id
    and s.session_id = m.session_id
left join dialled as d on s.source_instance = d.source_instance and s.conversation_id = d.conversation_id
left join parties as p on s.source_instance = p.source_instance and s.conversation_id = p.conversation_id
