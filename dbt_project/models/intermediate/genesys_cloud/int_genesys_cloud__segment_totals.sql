-- One row per session that has segments, with what its segments add up to.
with
    session_segments as (
        select
            g.*,
            case
                when g.segment_type in ('interact', 'hold', 'callback')
                then 'handling'
                when g.segment_type in ('monitoring', 'coaching', 'barging')
                then 'watching'
                else g.segment_type
            end as kind,
            {{ dbt.datediff("g.started_at", "g.ended_at", "millisecond") }} as duration_ms
        from {{ ref("stg_genesys_cloud__segments") }} as g
        inner join
            {{ ref("int_genesys_cloud__newest_sessions") }} as s
            on g.source_instance = s.source_instance
            and g.conversation_id = s.conversation_id
            and g.session_id = s.session_id
            and g.known_until_at = s.known_until_at
            and g.delivered_at = s.delivered_at
    )

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
from session_segments
group by source_instance, conversation_id, session_id
