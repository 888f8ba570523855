-- One row per session of a participant, of the newest export of its conversation.
select s.*, c.originating_direction, c.ended_at as conversation_ended_at
from {{ ref("stg_genesys_cloud__sessions") }} as s
inner join
    {{ ref("stg_genesys_cloud__conversations") }} as c
    on s.source_instance = c.source_instance
    and s.conversation_id = c.conversation_id
    and s.known_until_at = c.known_until_at
    and s.delivered_at = c.delivered_at
