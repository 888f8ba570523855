-- One row per leg of a contact: a queue with the person who answered out of it, or a person without a queue.
with
    legs as (
        select
            coalesce(q.centre, a.centre) as centre,
            coalesce(q.source_instance, a.source_instance) as source_instance,
            coalesce(q.conversation_id, a.conversation_id) as conversation_id,
            coalesce(q.queue_id, a.queue_id) as queue_id,
            coalesce(q.started_at, a.started_at) as started_at,
            coalesce(q.delivered_at, a.delivered_at) as delivered_at,
            q.started_at as enqueued_at,
            q.handled_until_at as left_queue_at,
            q.disconnect_type as left_queue_by,
            q.queue_outcome,
            a.session_id as agent_session_id,
            a.user_id as agent_id,
            a.is_dialling and a.is_picked_up = false as is_unreached,
            -- A customer whom an agent calls is connected after the agent, if at all.
            case
                when not coalesce(a.is_dialling, false)
                then a.handled_since_at
                when a.is_picked_up and a.picked_up_at > a.handled_since_at
                then a.picked_up_at
                when a.is_picked_up
                then a.handled_since_at
            end as answered_at,
            a.handled_until_at,
            a.talk_seconds,
            a.hold_seconds,
            a.wrap_up_seconds,
            a.disconnect_type,
            -- A contact that nobody answered moves on from its queue into another one.
            coalesce(a.passed_on, 'queue') as passed_on,
            row_number() over (
                partition by
                    coalesce(q.source_instance, a.source_instance),
                    coalesce(q.conversation_id, a.conversation_id)
                order by
                    coalesce(q.started_at, a.started_at) nulls last,
                    a.handled_since_at nulls last,
                    coalesce(q.participant_number, a.participant_number) nulls last,
                    coalesce(q.session_number, a.session_number) nulls last,
                    a.session_id nulls last
            ) as leg_seq
        from {{ ref("int_genesys_cloud__queue_stays") }} as q
        full outer join
            {{ ref("int_genesys_cloud__agent_sessions") }} as a
            on q.source_instance = a.source_instance
            and q.conversation_id = a.conversation_id
            and q.agent_session_id = a.session_id
    )

select
    centre,
    source_instance,
    conversation_id as contact_id,
    cast(leg_seq as {{ dbt.type_bigint() }}) as leg_seq,
    queue_id,
    agent_id,
    case when agent_id is not null then 'human' end as handler,
    started_at,
    enqueued_at,
    case when enqueued_at is not null then left_queue_at end as dequeued_at,
    answered_at,
    case when agent_session_id is null then left_queue_at else handled_until_at end as ended_at,
    {{ null_columns("legs", ["duration_seconds", "flow_id", "is_authenticated"]) }},
    case
        when is_unreached and queue_outcome = 'answered' then 'unreached' else queue_outcome
    end as queue_outcome,
    -- Until a customer picks up, agents talk to nobody.
    case when not coalesce(is_unreached, false) then talk_seconds end as talk_seconds,
    hold_seconds,
    wrap_up_seconds,
    coalesce(
        lag(passed_on) over (partition by source_instance, conversation_id order by leg_seq nulls last),
        'none'
    ) as transfer_type,
    case when agent_session_id is null then left_queue_by else disconnect_type end as end_reason,
    delivered_at
from legs
