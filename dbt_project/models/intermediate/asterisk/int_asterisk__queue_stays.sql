-- One row per stay of a call in a queue, with the stays of the same contact before and after it.
with
    event_groups as (
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
        from {{ ref("int_asterisk__queue_events") }}
        group by 1, 2, 3, 4, 5
    ),

    -- Where an event is lost, the waiting and talking times of later events date it.
    answered_stays as (
        select
            g.*,
            coalesce(
                connected_at,
                case when talk_seconds is not null then {{ seconds_later("ended_at", "-talk_seconds") }} end
            ) as answered_at
        from event_groups as g
    )

select
    centre,
    source_instance,
    contact_id,
    first_event_no,
    queue_id,
    agent_id,
    first_event_at,
    coalesce(
        entered_at,
        case
            when wait_seconds is not null
            then {{ seconds_later("coalesce(answered_at, ended_at)", "-wait_seconds") }}
        end
    ) as enqueued_at,
    answered_at,
    ended_at,
    ended_by,
    -- Time on hold is part of it.
    case
        when answered_at is not null
        then coalesce(talk_seconds, {{ dbt.datediff("answered_at", "ended_at", "second") }})
    end as talk_seconds,
    lag(stay_no) over (
        partition by source_instance, contact_id order by first_event_no nulls last
    ) as previous_stay_no,
    lag(ended_by) over (
        partition by source_instance, contact_id order by first_event_no nulls last
    ) as previous_ended_by,
    lead(stay_no) over (
        partition by source_instance, contact_id order by first_event_no nulls last
    ) as next_stay_no,
    delivered_at
from answered_stays
