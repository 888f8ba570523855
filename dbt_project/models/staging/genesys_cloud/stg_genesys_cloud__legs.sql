-- One row per leg of a contact: a queue with the agent who answered out of it, or an agent without a queue.
with
    sessions as (select * from {{ ref("stg_genesys_cloud__sessions") }}),

    queued as (select * from sessions where purpose = 'acd'),

    handled as (select * from sessions where is_handling),

    -- An agent answers out of the latest stay in the same queue.
    offered as (
        select
            a.source_instance,
            a.conversation_id,
            a.session_id as agent_session_id,
            a.handled_since_at,
            q.session_id as queue_session_id,
            row_number() over (
                partition by a.source_instance, a.conversation_id, a.session_id
                order by q.started_at desc, q.participant_number desc, q.session_number desc
            ) as choice
        from handled as a
        inner join
            queued as q
            on a.source_instance = q.source_instance
            and a.conversation_id = q.conversation_id
            and a.queue_id = q.queue_id
            and q.started_at <= a.handled_since_at
    ),

    -- Whoever comes after the first was not called out of the queue.
    answered as (
        select
            *,
            row_number() over (
                partition by source_instance, conversation_id, queue_session_id
                order by handled_since_at, agent_session_id
            ) as turn
        from offered
        where choice = 1
    ),

    legs as (
        select
            q.centre,
            q.source_instance,
            q.conversation_id,
            q.participant_number,
            q.session_number,
            q.queue_id,
            q.started_at,
            q.started_at as enqueued_at,
            q.handled_until_at as left_queue_at,
            q.disconnect_type as left_queue_by,
            q.delivered_at,
            o.agent_session_id
        from queued as q
        left join
            answered as o
            on q.source_instance = o.source_instance
            and q.conversation_id = o.conversation_id
            and q.session_id = o.queue_session_id
            and o.turn = 1
        where q.started_at is not null
        union all
        select
            a.centre,
            a.source_instance,
            a.conversation_id,
            a.participant_number,
            a.session_number,
            a.queue_id,
            a.started_at,
            cast(null as {{ landed_type("ts") }}) as enqueued_at,
            cast(null as {{ landed_type("ts") }}) as left_queue_at,
            cast(null as {{ landed_type("text") }}) as left_queue_by,
            a.delivered_at,
            a.session_id as agent_session_id
        from handled as a
        left join
            answered as o
            on a.source_instance = o.source_instance
            and a.conversation_id = o.conversation_id
            and a.session_id = o.agent_session_id
            and o.turn = 1
        where o.agent_session_id is null
    ),

    ordered as (
        select
            l.*,
            a.user_id as agent_id,
            a.handled_since_at as answered_at,
            a.handled_until_at,
            a.talk_seconds,
            a.hold_seconds,
            a.wrap_up_seconds,
            a.disconnect_type,
            -- Out of a queue that nobody answered the contact moves into another one.
            coalesce(a.passed_on, 'queue') as passed_on,
            row_number() over (
                partition by l.source_instance, l.conversation_id
                order by
                    l.started_at,
                    a.handled_since_at nulls last,
                    l.participant_number,
                    l.session_number,
                    l.agent_session_id nulls last
            ) as leg_seq
        from legs as l
        left join
            handled as a
            on l.source_instance = a.source_instance
            and l.conversation_id = a.conversation_id
            and l.agent_session_id = a.session_id
    )

select
    centre,
    source_instance,
    conversation_id as contact_id,
    cast(leg_seq as {{ dbt.type_bigint() }}) as leg_seq,
    queue_id,
    agent_id,
    started_at,
    enqueued_at,
    answered_at,
    case when agent_session_id is null then left_queue_at else handled_until_at end as ended_at,
    {{ unfilled("legs", ["duration_seconds"]) }},
    talk_seconds,
    hold_seconds,
    wrap_up_seconds,
    coalesce(
        lag(passed_on) over (partition by source_instance, conversation_id order by leg_seq), 'none'
    ) as transfer_type,
    case when agent_session_id is null then left_queue_by else disconnect_type end as end_reason,
    delivered_at
from ordered
