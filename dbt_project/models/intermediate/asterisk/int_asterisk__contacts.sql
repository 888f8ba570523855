-- One row per contact: a call that entered a queue, or one with somebody outside that entered none.
with
    queued_calls as (
        select
            source_instance,
            contact_id,
            min_by(caller, event_no) filter (where caller_status is not null) as ani,
            {{ first_filled("caller_status", "event_no") }} as ani_status,
            -- Only a call that somebody took is completed or transferred.
            count(*) filter (
                where
                    event = 'CONNECT'
                    or event in ('COMPLETEAGENT', 'COMPLETECALLER')
                    or event like '%TRANSFER'
            )
            > 0 as is_answered,
            max_by(event, event_no) as last_event,
            max(delivered_at) as delivered_at
        from {{ ref("int_asterisk__queue_events") }}
        group by 1, 2
    )

select
    t.centre,
    t.source_instance,
    t.contact_id,
    t.contact_id as chain_id,
    'voice' as channel,
    case when q.contact_id is not null then 'inbound' else r.direction end as direction,
    t.started_at,
    t.ended_at,
    r.customer_id,
    case when q.ani_status is not null then q.ani else r.ani end as ani,
    coalesce(q.ani_status, r.ani_status) as ani_status,
    r.case_id,
    r.entry_point,
    r.ivr_path,
    r.reason_entry,
    r.reason_close,
    r.disposition,
    case
        when q.is_answered or r.is_answered or r.direction = 'outbound'
        then false
        when q.last_event <> 'ENTERQUEUE'
        then q.last_event = 'ABANDON'
    end as is_abandoned,
    case
        when q.is_answered or r.is_answered
        then true
        when q.contact_id is null
        then r.is_answered
        -- Whether anybody answers a call after a queue let it go, only call records show.
        when
            r.contact_id is null
            and q.last_event in ('EXITWITHTIMEOUT', 'EXITEMPTY', 'LEAVEEMPTY', 'EXITWITHKEY')
        then null
        when q.last_event <> 'ENTERQUEUE'
        then false
    end as is_answered,
    true as is_recorded,
    {{ null_columns("contacts", ["duration_seconds", "email", "is_callback", "delivered_version_at"]) }},
    case
        when q.delivered_at > r.delivered_at then q.delivered_at else coalesce(r.delivered_at, q.delivered_at)
    end as delivered_at
from {{ ref("int_asterisk__call_times") }} as t
left join
    {{ ref("int_asterisk__recorded_calls") }} as r
    on t.source_instance = r.source_instance
    and t.contact_id = r.contact_id
left join queued_calls as q on t.source_instance = q.source_instance and t.contact_id = q.contact_id
