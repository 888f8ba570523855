-- One row per event of a call in the queue log, numbered in the order of its contact.
with
    log_rows as (
        select *
        from {{ ref("stg_asterisk__queue_log") }}
        union all
        select *
        from {{ ref("stg_asterisk__queue_log_table") }}
    ),

    -- Rows of the queues themselves bear one of these words in place of a call.
    call_events as (
        select *
        from log_rows
        where
            call_id not in ('REALTIME', 'CLI', 'MANAGER', 'NONE')
            and (event in ('ENTERQUEUE', 'CONNECT') or event in {{ asterisk_ending_events() }})
    ),

    {{ line_order("call_events", "call_id", "event_at") }},

    -- Stamps are whole seconds. Within one second the table's id decides, then the line. Without either,
    -- an event after more than a second of waiting and talking belongs to what began before.
    event_positions as (
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
        from call_events as e
        left join files as f on e.source_instance = f.source_instance and e.delivery_id = f.delivery_id
        left join
            {{ ref("int_asterisk__linked_calls") }} as l
            on e.source_instance = l.source_instance
            and e.call_id = l.call_id
    )

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
from event_positions as p
