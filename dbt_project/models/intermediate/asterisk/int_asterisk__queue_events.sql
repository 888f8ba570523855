-- One row per event of a call in a queue, with the stay in a queue that it belongs to.
-- A stay begins with ENTERQUEUE. Stay 0 holds what happened before the first ENTERQUEUE of the log.
{{ config(materialized="table") }}
with
    neighbours as (
        select
            e.*,
            lag(event) over (
                partition by source_instance, call_id order by event_no nulls last
            ) as previous_event,
            lag(event_at) over (
                partition by source_instance, call_id order by event_no nulls last
            ) as previous_event_at,
            lag(coalesce(queue_id, '') || '/' || coalesce(agent_id, '')) over (
                partition by source_instance, call_id order by event_no nulls last
            ) as previous_parties,
            lead(event) over (
                partition by source_instance, call_id order by event_no nulls last
            ) as next_event,
            lead(event_at) over (
                partition by source_instance, call_id order by event_no nulls last
            ) as next_event_at
        from {{ ref("int_asterisk__queue_log_events") }} as e
    ),

    steps as (
        select
            n.*,
            -- A caller whom an agent dropped waits on, unless the call ends with it.
            case
                when event in ('ENTERQUEUE', 'CONNECT')
                then event
                when event not in {{ asterisk_ending_events("is_drop") }}
                then 'END'
                when
                    coalesce(next_event, 'ENTERQUEUE') = 'ENTERQUEUE'
                    or (
                        next_event = 'ABANDON'
                        and {{ dbt.datediff("event_at", "next_event_at", "second") }} <= 1
                    )
                then 'END'
            end as step,
            -- The same line twice in a row, or the ABANDON that is logged after a drop.
            coalesce(
                event = previous_event
                and event_at = previous_event_at
                and coalesce(queue_id, '') || '/' || coalesce(agent_id, '') = previous_parties,
                false
            )
            or coalesce(
                event = 'ABANDON'
                and previous_event in {{ asterisk_ending_events("is_drop") }}
                and {{ dbt.datediff("previous_event_at", "event_at", "second") }} <= 1,
                false
            ) as is_repeated
        from neighbours as n
    )

select
    s.*,
    cast(
        sum(case when step = 'ENTERQUEUE' then 1 else 0 end) over (
            partition by source_instance, call_id order by event_no nulls last rows unbounded preceding
        ) as {{ dbt.type_bigint() }}
    ) as stay_no
from steps as s
where step is not null and not is_repeated
