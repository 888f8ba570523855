-- One row per stay of a conversation in a queue, with how it ended and the session of the agent who answered.
{% set system = "('system', 'error', 'timeout', 'transportfailure', 'spam', 'uncallable')" %}
{% set transfers = [
    "transfer",
    "conferencetransfer",
    "consulttransfer",
    "forwardtransfer",
    "noanswertransfer",
    "notavailabletransfer",
    "dndtransfer",
] %}
with
    -- Calls between people inside reach no customer.
    sessions as (
        select * from {{ ref("int_genesys_cloud__sessions") }} where not coalesce(is_internal, false)
    ),

    queue_sessions as (
        select
            s.*,
            lead(coalesce(media_type, '')) over (
                partition by source_instance, conversation_id
                order by
                    started_at nulls last,
                    participant_number nulls last,
                    session_number nulls last,
                    session_id nulls last
            ) as next_media_type
        from sessions as s
        where purpose = 'acd' and started_at is not null
    ),

    -- Where else a conversation went that nobody answered out of a queue.
    last_sessions as (
        select
            source_instance,
            conversation_id,
            max(started_at) filter (where media_type = 'callback') as last_callback_at,
            max(started_at) filter (where is_voicemail) as last_voicemail_at,
            max(handled_since_at) filter (where is_handling) as last_handled_at
        from sessions
        group by source_instance, conversation_id
    )

select
    q.*,
    a.agent_session_id,
    -- A customer cannot abandon a callback that nobody has made yet.
    case
        when a.agent_session_id is not null
        then 'answered'
        when q.next_media_type = 'callback'
        then 'callback'
        when q.next_media_type is not null
        then 'flow_out'
        when coalesce(q.media_type, '') <> 'callback' and l.last_callback_at >= q.started_at
        then 'callback'
        when l.last_voicemail_at >= q.started_at
        then 'voicemail'
        when l.last_handled_at >= q.started_at
        then 'flow_out'
        when q.handled_until_at is null
        then null
        when q.disconnect_type in {{ system }}
        then 'system'
        when q.disconnect_type = 'dndendpoint'
        then 'rejected'
        when q.flow_out_ms is not null
        then 'flow_out'
        when q.abandon_ms is not null and coalesce(q.media_type, '') <> 'callback'
        then 'abandoned'
        when q.disconnect_type in ('{{ transfers | join("', '") }}')
        then 'flow_out'
        when q.disconnect_type in ('peer', 'client', 'endpoint')
        then case when q.media_type = 'callback' then 'unreached' else 'abandoned' end
    end as queue_outcome
from queue_sessions as q
left join
    last_sessions as l on q.source_instance = l.source_instance and q.conversation_id = l.conversation_id
left join
    {{ ref("int_genesys_cloud__answered_stays") }} as a
    on q.source_instance = a.source_instance
    and q.conversation_id = a.conversation_id
    and q.session_id = a.queue_session_id
