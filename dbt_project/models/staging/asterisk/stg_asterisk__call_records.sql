-- One row per call detail record of a call with somebody outside, in the order of its call.
-- Which way a call went is told by its numbers: whoever has an extension is inside.
with
    records as (
        select
            r.*,
            case
                when coalesce(caller_status, 'withheld') <> 'internal'
                then 'inbound'
                when coalesce(callee_status, 'non_numeric') not in ('internal', 'non_numeric')
                then 'outbound'
            end as direction,
            row_number() over (
                partition by source_instance, call_id
                order by started_at, ended_at nulls last, channel nulls last, destination_channel nulls last
            ) as record_no
        from ({{ staged("call_records", "raw_asterisk") }}) as r
    ),

    calls as (
        select source_instance, call_id, min_by(direction, record_no) as direction
        from records
        group by source_instance, call_id
    )

select
    r.centre,
    r.source_instance,
    r.call_id,
    r.record_no,
    c.direction,
    coalesce(r.application, '') as application,
    r.queue_id,
    case c.direction when 'outbound' then r.channel else r.destination_channel end as agent_id,
    r.started_at,
    -- A menu answers, too: that anybody took the call is known only of dialled ones.
    case
        when r.disposition <> 'ANSWERED'
        then false
        when c.direction = 'outbound' or (r.application = 'DIAL' and r.destination_channel is not null)
        then true
    end as is_answered,
    r.answered_at,
    r.ended_at,
    r.billed_seconds,
    case c.direction when 'outbound' then r.callee else r.caller end as ani,
    case c.direction when 'outbound' then r.callee_status else r.caller_status end as ani_status,
    r.customer_id,
    r.case_id,
    r.entry_point,
    r.ivr_path,
    r.reason_entry,
    r.reason_close,
    r.wrap_up_code,
    r.delivered_at
from records as r
inner join calls as c on r.source_instance = c.source_instance and r.call_id = c.call_id
where c.direction is not null
