-- One row per leg of a contact: a queue with the person who answered out of it, or a person without a queue.
{% set queue_outcomes = {
    "system": ["system", "error", "timeout", "transportfailure", "spam", "uncallable"],
    "rejected": ["dndendpoint"],
    "flow_out": [
        "transfer",
        "conferencetransfer",
        "consulttransfer",
        "forwardtransfer",
        "noanswertransfer",
        "notavailabletransfer",
        "dndtransfer",
    ],
    "abandoned": ["peer", "client", "endpoint"],
} %}
with
    -- Calls between people inside reach no customer.
    sessions as (
        select * from {{ ref("int_genesys_cloud__sessions") }} where not coalesce(is_internal, false)
    ),

    queued as (
        select
            q.*,
            lead(coalesce(q.media_type, '')) over (
                partition by q.source_instance, q.conversation_id
                order by q.started_at nulls last, q.participant_number nulls last, q.session_number nulls last
            ) as next_media_type
        from sessions as q
        where q.purpose = 'acd' and q.started_at is not null
    ),

    -- The call that somebody dials for a callback is part of the callback.
    handled as (
        select h.*
        from sessions as h
        left join
            (
                select distinct source_instance, conversation_id, participant_number
                from sessions
                where is_handling and media_type = 'callback'
            ) as k
            on h.source_instance = k.source_instance
            and h.conversation_id = k.conversation_id
            and h.participant_number = k.participant_number
        where h.is_handling and (k.conversation_id is null or h.media_type = 'callback')
    ),

    -- Where else a conversation went that nobody answered out of a queue.
    elsewhere as (
        select
            source_instance,
            conversation_id,
            max(started_at) filter (where media_type = 'callback') as last_callback_at,
            max(started_at) filter (where is_voicemail) as last_voicemail_at,
            max(handled_since_at) filter (where is_handling) as last_handled_at
        from sessions
        group by source_instance, conversation_id
    ),

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
                order by
                    q.started_at desc nulls last,
                    q.participant_number desc nulls last,
                    q.session_number desc nulls last
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
                order by handled_since_at nulls last, agent_session_id nulls last
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
            -- Nobody hangs up on a callback that nobody has made.
            case
                when o.agent_session_id is not null
                then 'answered'
                when q.next_media_type = 'callback'
                then 'callback'
                when q.next_media_type is not null
                then 'flow_out'
                when coalesce(q.media_type, '') <> 'callback' and e.last_callback_at >= q.started_at
                then 'callback'
                when e.last_voicemail_at >= q.started_at
                then 'voicemail'
                when e.last_handled_at >= q.started_at
                then 'flow_out'
                when q.handled_until_at is null
                then null
                {% for outcome, kinds in queue_outcomes.items() %}
                    {% if outcome == "flow_out" %}
                        when q.flow_out_ms is not null
                        then 'flow_out'
                        when q.abandon_ms is not null and coalesce(q.media_type, '') <> 'callback'
                        then 'abandoned'
                    {% endif %}
                    when q.disconnect_type in ('{{ kinds | join("', '") }}')
                    then
                        {% if outcome == "abandoned" %}
                            case when q.media_type = 'callback' then 'unreached' else 'abandoned' end
                        {% else %} '{{ outcome }}'
                        {% endif %}
                {% endfor %}
            end as queue_outcome,
            q.delivered_at,
            o.agent_session_id
        from queued as q
        left join
            elsewhere as e on q.source_instance = e.source_instance and q.conversation_id = e.conversation_id
        left join
            answered as o
            on q.source_instance = o.source_instance
            and q.conversation_id = o.conversation_id
            and q.session_id = o.queue_session_id
            and o.turn = 1
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
            {{ unfilled("legs", ["queue_outcome"]) }},
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
            a.is_dialling and a.is_picked_up = false as is_unreached,
            -- Customers whom we call are connected after the agent, if at all.
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
            -- Out of a queue that nobody answered the contact moves into another one.
            coalesce(a.passed_on, 'queue') as passed_on,
            row_number() over (
                partition by l.source_instance, l.conversation_id
                order by
                    l.started_at nulls last,
                    a.handled_since_at nulls last,
                    l.participant_number nulls last,
                    l.session_number nulls last,
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
    case when enqueued_at is not null then left_queue_at end as dequeued_at,
    answered_at,
    case when agent_session_id is null then left_queue_at else handled_until_at end as ended_at,
    {{ unfilled("legs", ["duration_seconds"]) }},
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
from ordered
