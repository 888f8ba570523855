-- One row per session in which somebody inside handled a conversation with somebody outside.
with
    -- The call that somebody dials for a callback is part of the callback.
    callback_participants as (
        select distinct source_instance, conversation_id, participant_number
        from {{ ref("int_genesys_cloud__sessions") }}
        where is_handling and media_type = 'callback' and not coalesce(is_internal, false)
    )

select s.*
from {{ ref("int_genesys_cloud__sessions") }} as s
left join
    callback_participants as c
    on s.source_instance = c.source_instance
    and s.conversation_id = c.conversation_id
    and s.participant_number = c.participant_number
where
    s.is_handling
    and not coalesce(s.is_internal, false)
    and (c.conversation_id is null or s.media_type = 'callback')
