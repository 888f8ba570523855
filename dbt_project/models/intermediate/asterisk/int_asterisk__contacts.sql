-- One row per contact: a call that entered a queue, or one with somebody outside that entered none.
with
    recorded as (
        select
            centre,
            source_instance,
            contact_id,
            min_by(direction, record_no) as direction,
            min(started_at) as started_at,
            max(ended_at) as ended_at,
            min_by(ani, record_no) filter (where ani_status is not null) as ani,
            {{ first_filled("ani_status", "record_no") }} as ani_status,
            {{ first_filled("customer_id", "record_no") }} as customer_id,
            {{ last_filled("case_id", "record_no") }} as case_id,
            {{ first_filled("entry_point", "record_no") }} as entry_point,
            {{ first_filled("ivr_path", "record_no") }} as ivr_path,
            {{ first_filled("reason_entry", "record_no") }} as reason_entry,
            {{ last_filled("reason_close", "record_no") }} as reason_close,
            {{ last_filled("wrap_up_code", "record_no") }} as disposition,
            case
                when count(*) filter (where is_answered) > 0
                then true
                when count(is_answered) = count(*)
                then false
            end as is_answered,
            max(delivered_at) as delivered_at
        from {{ ref("int_asterisk__call_records") }}
        group by 1, 2, 3
    ),

    queued as (
        select
            centre,
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
        group by 1, 2, 3
    ),

    handled as (
        select
            source_instance,
            contact_id,
            min(started_at) as started_at,
            max(ended_at) as ended_at,
            max(started_at) as last_started_at,
            -- Nothing tells of whoever takes a call that is transferred out of the queues.
            max(leg_seq) filter (where queue_id is not null or ended_at is not null)
            = max(leg_seq) filter (where ended_at is not null) as is_closed
        from {{ ref("int_asterisk__legs") }}
        group by 1, 2
    ),

    calls as (
        select centre, source_instance, contact_id
        from recorded
        union
        select centre, source_instance, contact_id
        from queued
    ),

    -- The earlier and the later of two moments, of which one may be missing.
    timed as (
        select
            c.*,
            case
                when r.started_at > h.started_at then h.started_at else coalesce(r.started_at, h.started_at)
            end as started_at,
            case
                when r.ended_at < h.ended_at then h.ended_at else coalesce(r.ended_at, h.ended_at)
            end as ended_at,
            coalesce(h.is_closed, h.contact_id is null) as is_closed,
            h.last_started_at
        from calls as c
        left join recorded as r on c.source_instance = r.source_instance and c.contact_id = r.contact_id
        left join handled as h on c.source_instance = h.source_instance and c.contact_id = h.contact_id
    )

select
    t.centre,
    t.source_instance,
    t.contact_id,
    t.contact_id as chain_id,
    'voice' as channel,
    case when q.contact_id is not null then 'inbound' else r.direction end as direction,
    t.started_at,
    -- A call whose last leg is open has records of the legs before.
    case when t.is_closed or t.ended_at > t.last_started_at then t.ended_at end as ended_at,
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
        -- Only call records tell of whoever takes a call that a queue let go.
        when
            r.contact_id is null
            and q.last_event in ('EXITWITHTIMEOUT', 'EXITEMPTY', 'LEAVEEMPTY', 'EXITWITHKEY')
        then null
        when q.last_event <> 'ENTERQUEUE'
        then false
    end as is_answered,
    true as is_recorded,
    {{ unfilled("contacts", ["duration_seconds", "email", "is_callback", "delivered_version_at"]) }},
    case
        when q.delivered_at > r.delivered_at then q.delivered_at else coalesce(r.delivered_at, q.delivered_at)
    end as delivered_at
from timed as t
left join recorded as r on t.source_instance = r.source_instance and t.contact_id = r.contact_id
left join queued as q on t.source_instance = q.source_instance and t.contact_id = q.contact_id
