-- One row per leg of a contact: a stay in a queue, what a transfer led to outside queues, or a dialled call.
{% set transfers = {"BLINDTRANSFER": "blind", "ATTENDEDTRANSFER": "consult", "TRANSFER": "unspecified"} %}
{% set end_reasons = {
    "ABANDON": "customer_disconnect",
    "COMPLETECALLER": "customer_disconnect",
    "COMPLETEAGENT": "agent_disconnect",
    "BLINDTRANSFER": "transfer",
    "ATTENDEDTRANSFER": "transfer",
    "TRANSFER": "transfer",
    "EXITWITHTIMEOUT": "timeout",
    "EXITEMPTY": "no_agents",
    "LEAVEEMPTY": "no_agents",
    "EXITWITHKEY": "key",
    "AGENTDUMP": "agent_disconnect",
    "SYSCOMPAT": "error",
    "WITHDRAW": "withdrawn",
} %}
{% set queue_outcomes = {
    "ABANDON": "abandoned",
    "EXITWITHTIMEOUT": "flow_out",
    "EXITEMPTY": "flow_out",
    "LEAVEEMPTY": "flow_out",
    "EXITWITHKEY": "flow_out",
    "WITHDRAW": "system",
    "AGENTDUMP": "system",
    "SYSCOMPAT": "system",
} %}
with
    events as (select * from {{ ref("int_asterisk__queue_events") }}),

    stays as (
        select
            centre,
            source_instance,
            contact_id,
            call_id,
            stay_no,
            min(event_no) as first_event_no,
            min_by(queue_id, event_no) as queue_id,
            coalesce(
                min_by(agent_id, event_no) filter (where step = 'CONNECT'),
                min_by(agent_id, event_no) filter (where step = 'END')
            ) as agent_id,
            min(event_at) as first_event_at,
            min(event_at) filter (where step = 'ENTERQUEUE') as entered_at,
            min(event_at) filter (where step = 'CONNECT') as connected_at,
            min(event_at) filter (where step = 'END') as ended_at,
            min_by(event, event_no) filter (where step = 'END') as ended_by,
            {{ first_filled("wait_seconds", "event_no") }} as wait_seconds,
            min_by(talk_seconds, event_no) filter (where step = 'END') as talk_seconds,
            max(delivered_at) as delivered_at
        from events
        group by 1, 2, 3, 4, 5
    ),

    -- Later events tell how long the ones before them took, should those be lost.
    answered as (
        select
            s.*,
            coalesce(
                connected_at,
                case when talk_seconds is not null then {{ seconds_later("ended_at", "-talk_seconds") }} end
            ) as answered_at
        from stays as s
    ),

    in_queues as (
        select
            a.*,
            coalesce(
                entered_at,
                case
                    when wait_seconds is not null
                    then {{ seconds_later("coalesce(answered_at, ended_at)", "-wait_seconds") }}
                end
            ) as enqueued_at,
            lag(stay_no) over (
                partition by source_instance, contact_id
                order by first_event_no nulls last, stay_no nulls last
            ) as stay_before,
            lag(ended_by) over (
                partition by source_instance, contact_id
                order by first_event_no nulls last, stay_no nulls last
            ) as come_by,
            lead(stay_no) over (
                partition by source_instance, contact_id
                order by first_event_no nulls last, stay_no nulls last
            ) as stay_after
        from answered as a
    ),

    left_queues as (
        select source_instance, contact_id, first_event_no, ended_at, ended_by
        from in_queues
        where stay_after is null
    ),

    -- Calls that passed no queue, and those that left the queues for somebody outside them.
    -- A record of a half of a Local channel knows the device that answered, and since when.
    dialled as (
        select
            r.centre,
            r.source_instance,
            r.contact_id,
            min(r.record_no) as record_no,
            row_number() over (
                partition by r.source_instance, r.contact_id
                order by min(r.record_no) nulls last, max(r.party) nulls last
            ) as party_no,
            min(q.first_event_no) as first_event_no,
            min(q.ended_by) as come_by,
            {{ first_filled("r.queue_id", "r.record_no") }} as queue_id,
            coalesce(
                min_by(r.agent_id, r.record_no) filter (where r.channel_half = 2),
                min_by(r.agent_id, r.record_no)
            ) as agent_id,
            min(r.started_at) as started_at,
            coalesce(min(r.answered_at) filter (where r.channel_half = 2), min(r.answered_at)) as answered_at,
            max(r.ended_at) as ended_at,
            coalesce(
                max(r.billed_seconds) filter (where r.channel_half = 2),
                case when count(*) = 1 then max(r.billed_seconds) end,
                {{ dbt.datediff("min(r.answered_at)", "max(r.ended_at)", "second") }}
            ) as billed_seconds,
            max(r.delivered_at) as delivered_at
        from {{ ref("int_asterisk__call_records") }} as r
        left join left_queues as q on r.source_instance = q.source_instance and r.contact_id = q.contact_id
        where
            r.is_answered
            and r.application <> 'QUEUE'
            and (q.contact_id is null or r.started_at >= q.ended_at)
        group by
            r.centre,
            r.source_instance,
            r.contact_id,
            coalesce(r.party, cast(r.record_no as {{ dbt.type_string() }}))
    ),

    legs as (
        select
            centre,
            source_instance,
            contact_id,
            first_event_no as place,
            queue_id,
            agent_id,
            coalesce(enqueued_at, first_event_at) as started_at,
            enqueued_at,
            answered_at,
            ended_at,
            -- Time on hold is part of it.
            case
                when answered_at is not null
                then coalesce(talk_seconds, {{ dbt.datediff("answered_at", "ended_at", "second") }})
            end as talk_seconds,
            case
                when stay_before is null
                then 'none'
                {% for event, kind in transfers.items() %}
                    when come_by = '{{ event }}' then '{{ kind }}'
                {% endfor %}
                when come_by is not null
                then 'queue'
            end as transfer_type,
            case
                ended_by
                {% for event, reason in end_reasons.items() %}
                    when '{{ event }}' then '{{ reason }}'
                {% endfor %}
            end as end_reason,
            case
                when answered_at is not null
                then 'answered'
                {% for event, outcome in queue_outcomes.items() %}
                    when ended_by = '{{ event }}' then '{{ outcome }}'
                {% endfor %}
            end as queue_outcome,
            delivered_at
        from in_queues
        union all
        -- Whoever takes a call that leaves the queues is somebody else, although nothing tells of it.
        select
            q.centre,
            q.source_instance,
            q.contact_id,
            q.first_event_no + 1 as place,
            {{ unfilled("legs", ["queue_id", "agent_id"]) }},
            q.ended_at as started_at,
            {{ unfilled("legs", ["enqueued_at", "answered_at", "ended_at"]) }},
            null as talk_seconds,
            case
                q.ended_by
                {% for event, kind in transfers.items() %} when '{{ event }}' then '{{ kind }}' {% endfor %}
            end as transfer_type,
            {{ unfilled("legs", ["end_reason", "queue_outcome"]) }},
            q.delivered_at
        from in_queues as q
        left join
            dialled as d
            on q.source_instance = d.source_instance
            and q.contact_id = d.contact_id
            and d.party_no = 1
        where
            d.contact_id is null and q.stay_after is null and q.ended_by in ('{{ transfers | join("', '") }}')
        union all
        select
            centre,
            source_instance,
            contact_id,
            coalesce(first_event_no, 0) + record_no as place,
            queue_id,
            agent_id,
            started_at,
            {{ unfilled("legs", ["enqueued_at"]) }},
            answered_at,
            ended_at,
            billed_seconds as talk_seconds,
            -- Several records of a call may be transfers, or may not.
            case
                when party_no > 1
                then null
                {% for event, kind in transfers.items() %}
                    when come_by = '{{ event }}' then '{{ kind }}'
                {% endfor %}
                when come_by is not null
                then 'queue'
                when record_no = 1
                then 'none'
            end as transfer_type,
            {{ unfilled("legs", ["end_reason", "queue_outcome"]) }},
            delivered_at
        from dialled
    )

select
    centre,
    source_instance,
    contact_id,
    cast(
        row_number() over (
            partition by source_instance, contact_id
            order by place nulls last, started_at nulls last, transfer_type nulls last
        ) as {{ dbt.type_bigint() }}
    ) as leg_seq,
    queue_id,
    agent_id,
    started_at,
    enqueued_at,
    case when enqueued_at is not null then coalesce(answered_at, ended_at) end as dequeued_at,
    answered_at,
    ended_at,
    queue_outcome,
    cast(talk_seconds as double) as talk_seconds,
    {{ unfilled("legs", ["duration_seconds", "hold_seconds", "wrap_up_seconds"]) }},
    transfer_type,
    end_reason,
    delivered_at
from legs
