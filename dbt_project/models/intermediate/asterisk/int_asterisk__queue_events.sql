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
    "LEAVEEMPTY",
    "WITHDRAW",
] %}
-- An agent drops the caller before they speak. The caller waits on, or the call ends and is logged as
-- abandoned.
{% set drops = ["AGENTDUMP", "SYSCOMPAT"] %}
{% set nobodies = ["REALTIME", "CLI", "MANAGER", "NONE"] %}
with
    log_rows as (
        select *
        from {{ ref("stg_asterisk__queue_log") }}
        union all
        select *
        from {{ ref("stg_asterisk__queue_log_table") }}
    ),

    events as (
        select *
        from log_rows
        where
            call_id not in ('{{ nobodies | join("', '") }}')
            and event in ('ENTERQUEUE', 'CONNECT', '{{ (ends + drops) | join("', '") }}')
    ),

    {{ line_order("events", "call_id", "event_at") }},

    -- Stamps are whole seconds. Within one, the table's id decides, then the line; without either, what
    -- took longer than one second began before anything else of it.
    placed as (
        select
            e.*,
            coalesce(l.contact_id, e.call_id) as contact_id,
            coalesce(e.event_seq, {{ line_seq("e", "f") }}) as line_seq,
            case
                when e.event = 'ENTERQUEUE'
                then 3
                when coalesce(e.wait_seconds, 0) + coalesce(e.talk_seconds, 0) > 1
                then case e.event when 'CONNECT' then 1 else 2 end
                when e.event = 'CONNECT'
                then 4
                else 5
            end as place
        from events as e
        left join files as f on e.source_instance = f.source_instance and e.delivery_id = f.delivery_id
        left join
            {{ ref("int_asterisk__linked_calls") }} as l
            on e.source_instance = l.source_instance
            and e.call_id = l.call_id
    ),

    numbered as (
        select
            p.*,
            row_number() over (
                partition by source_instance, contact_id
                order by
                    event_at nulls last,
                    line_seq nulls last,
                    place nulls last,
                    event nulls last,
                    queue_id nulls last,
                    agent_id nulls last,
                    call_id nulls last
            ) as event_no
        from placed as p
    ),

    neighbours as (
        select
            n.*,
            lag(event) over (
                partition by source_instance, call_id order by event_no nulls last, event_at nulls last
            ) as event_before,
            lag(event_at) over (
                partition by source_instance, call_id order by event_no nulls last, event_at nulls last
            ) as event_before_at,
            lag(coalesce(queue_id, '') || '/' || coalesce(agent_id, '')) over (
                partition by source_instance, call_id order by event_no nulls last, event_at nulls last
            ) as parties_before,
            lead(event) over (
                partition by source_instance, call_id order by event_no nulls last, event_at nulls last
            ) as event_after,
            lead(event_at) over (
                partition by source_instance, call_id order by event_no nulls last, event_at nulls last
            ) as event_after_at
        from numbered as n
    ),

    steps as (
        select
            n.*,
            case
                when event in ('ENTERQUEUE', 'CONNECT')
                then event
                when event not in ('{{ drops | join("', '") }}')
                then 'END'
                when
                    coalesce(event_after, 'ENTERQUEUE') = 'ENTERQUEUE'
                    or (
                        event_after = 'ABANDON'
                        and {{ dbt.datediff("event_at", "event_after_at", "second") }} <= 1
                    )
                then 'END'
            end as step,
            -- The same line twice in a row, and the end that follows from a drop.
            coalesce(
                event = event_before
                and event_at = event_before_at
                and coalesce(queue_id, '') || '/' || coalesce(agent_id, '') = parties_before,
                false
            )
            or coalesce(
                event = 'ABANDON'
                and event_before in ('{{ drops | join("', '") }}')
                and {{ dbt.datediff("event_before_at", "event_at", "second") }} <= 1,
                false
            ) as is_echo
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
where step is not null and not is_echo
