-- One row per event of a call in a queue, with the stay in a queue that it belongs to.
-- A stay begins with ENTERQUEUE. Stay 0 holds what happened before the first one that the log tells of.
{{ config(materialized="table") }}
{% set ends = [
    "ABANDON",
    "COMPLETEAGENT",
    "COMPLETECALLER",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "TRANSFER",
    "EXITWITHTIMEOUT",
    "EXITEMPTY",
    "EXITWITHKEY",
] %}
with
    told as (
        select *
        from ({{ staged("queue_log", "raw_asterisk") }})
        union all
        select *
        from ({{ staged("queue_log_table", "raw_asterisk") }})
    ),

    events as (
        select t.*, case when event in ('{{ ends | join("', '") }}') then 'END' else event end as step
        from told as t
        where
            call_id not in ('REALTIME', 'NONE')
            and event in ('ENTERQUEUE', 'CONNECT', '{{ ends | join("', '") }}')
    ),

    -- Stamps are whole seconds. What took longer than one began before anything else of its second.
    placed as (
        select
            e.*,
            case
                when step = 'ENTERQUEUE'
                then 3
                when coalesce(wait_seconds, 0) + coalesce(talk_seconds, 0) > 1
                then case step when 'CONNECT' then 1 else 2 end
                when step = 'CONNECT'
                then 4
                else 5
            end as place
        from events as e
    ),

    numbered as (
        select
            p.*,
            row_number() over (
                partition by source_instance, call_id
                order by event_at, place, event, queue_id nulls last, agent_id nulls last
            ) as event_no
        from placed as p
    )

select
    n.*,
    cast(
        sum(case when step = 'ENTERQUEUE' then 1 else 0 end) over (
            partition by source_instance, call_id order by event_no rows unbounded preceding
        ) as {{ dbt.type_bigint() }}
    ) as stay_no
from numbered as n
