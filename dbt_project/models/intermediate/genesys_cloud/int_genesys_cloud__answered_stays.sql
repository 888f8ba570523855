-- One row per stay in a queue that an agent answered, with the session of the first agent who did.
with
    -- An agent answers out of the latest stay in the same queue.
    offered_stays as (
        select
            a.source_instance,
            a.conversation_id,
            a.session_id as agent_session_id,
            a.handled_since_at,
            q.session_id as queue_session_id,
            row_number() over (
                partition by a.source_instance, a.conversation_id, a.session_id
                order by
                    q.started_at desc nulls last,
                    q.participant_number desc nulls last,
                    q.session_number desc nulls last,
                    q.session_id desc nulls last
            ) as stay_rank
        from {{ ref("int_genesys_cloud__agent_sessions") }} as a
        inner join
            {{ ref("int_genesys_cloud__sessions") }} as q
            on a.source_instance = q.source_instance
            and a.conversation_id = q.conversation_id
            and a.queue_id = q.queue_id
            and q.purpose = 'acd'
            and q.started_at <= a.handled_since_at
    ),

    -- Agents who come after the first did not come out of the queue.
    answering_agents as (
        select
            s.*,
            row_number() over (
                partition by source_instance, conversation_id, queue_session_id
                order by handled_since_at nulls last, agent_session_id nulls last
            ) as agent_rank
        from offered_stays as s
        where stay_rank = 1
    )

select source_instance, conversation_id, queue_session_id, agent_session_id
from answering_agents
where agent_rank = 1
