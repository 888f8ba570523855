-- One row per leg of a contact: a stay in a queue, a party outside the queues, or a transfer that left no
-- other trace.
{% set columns = (
    "centre, source_instance, contact_id, queue_id, agent_id, answered_at, ended_at, talk_seconds"
) %}
with
    queue_stays as (select * from {{ ref("int_asterisk__queue_stays") }}),

    dialled_legs as (select * from {{ ref("int_asterisk__dialled_legs") }}),

    legs as (
        select
            {{ columns }},
            first_event_no as place,
            coalesce(enqueued_at, first_event_at) as started_at,
            enqueued_at,
            case
                when previous_stay_no is null
                then 'none'
                when previous_ended_by is not null
                then coalesce({{ asterisk_ending("previous_ended_by", "transfer") }}, 'queue')
            end as transfer_type,
            {{ asterisk_ending("ended_by", "reason") }} as end_reason,
            case
                when answered_at is not null then 'answered' else {{ asterisk_ending("ended_by", "outcome") }}
            end as queue_outcome,
            delivered_at
        from queue_stays
        union all
        select
            {{ columns }},
            place,
            started_at,
            {{ null_columns("legs", ["enqueued_at"]) }},
            transfer_type,
            {{ null_columns("legs", ["end_reason", "queue_outcome"]) }},
            delivered_at
        from dialled_legs
        union all
        -- A transfer out of the last queue leads to somebody else, even where no call record names them.
        select
            s.centre,
            s.source_instance,
            s.contact_id,
            {{ null_columns("legs", ["queue_id", "agent_id", "answered_at", "ended_at"]) }},
            null as talk_seconds,
            s.first_event_no + 1 as place,
            s.ended_at as started_at,
            {{ null_columns("legs", ["enqueued_at"]) }},
            {{ asterisk_ending("s.ended_by", "transfer") }} as transfer_type,
            {{ null_columns("legs", ["end_reason", "queue_outcome"]) }},
            s.delivered_at
        from queue_stays as s
        left join
            (select distinct source_instance, contact_id from dialled_legs) as d
            on s.source_instance = d.source_instance
            and s.contact_id = d.contact_id
        where
            d.contact_id is null
            and s.next_stay_no is null
            and s.ended_by in {{ asterisk_ending_events("transfer") }}
    )

select
    centre,
    source_instance,
    contact_id,
    cast(
        row_number() over (
            partition by source_instance, contact_id order by place nulls last
        ) as {{ dbt.type_bigint() }}
    ) as leg_seq,
    queue_id,
    agent_id,
    case when agent_id is not null then 'human' end as handler,
    started_at,
    enqueued_at,
    case when enqueued_at is not null then coalesce(answered_at, ended_at) end as dequeued_at,
    answered_at,
    ended_at,
    queue_outcome,
    cast(talk_seconds as double) as talk_seconds,
    {{ null_columns("legs", ["duration_seconds", "hold_seconds", "wrap_up_seconds"]) }},
    {{ null_columns("legs", ["flow_id", "is_authenticated"]) }},
    transfer_type,
    end_reason,
    delivered_at
from legs
