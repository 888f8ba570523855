-- One row per call detail record of a call with somebody outside, in the order of its call.
-- Which way a call went is told by its numbers: whoever has an extension is inside.
with
    records as (
        select
            r.*,
            coalesce(l.contact_id, r.call_id) as contact_id,
            case
                when coalesce(r.caller_status, 'withheld') <> 'internal'
                then 'inbound'
                when coalesce(r.callee_status, 'non_numeric') not in ('internal', 'non_numeric')
                then 'outbound'
            end as direction,
            row_number() over (
                partition by r.source_instance, coalesce(l.contact_id, r.call_id)
                order by
                    r.started_at nulls last,
                    r.sequence nulls last,
                    r.ended_at nulls last,
                    r.channel nulls last,
                    r.destination_channel nulls last,
                    r.call_id nulls last
            ) as record_no
        from {{ ref("stg_asterisk__call_records") }} as r
        left join
            {{ ref("int_asterisk__linked_calls") }} as l
            on r.source_instance = l.source_instance
            and r.call_id = l.call_id
    ),

    -- The second half of a Local channel dials on for a call; alone, it is nobody's call.
    calls as (
        select
            source_instance,
            contact_id,
            {{ first_filled("direction", "record_no") }} as direction,
            count(*) = count(*) filter (where channel_half = 2) as is_half
        from records
        group by source_instance, contact_id
    )

select
    r.centre,
    r.source_instance,
    r.contact_id,
    r.call_id,
    r.record_no,
    c.direction,
    coalesce(r.application, '') as application,
    r.queue_id,
    case
        when c.direction = 'outbound' and coalesce(r.channel_half, 1) <> 2
        then r.channel
        else r.destination_channel
    end as agent_id,
    -- Records with the same one are of one party: both halves of a Local channel, or a record that was
    -- forked.
    case
        when r.channel_half is not null
        then r.channel || '-' || r.channel_instance
        when c.direction = 'outbound'
        then r.channel || '-' || r.channel_instance
        else r.destination_channel || '-' || r.destination_instance
    end as party,
    r.channel_half,
    r.started_at,
    -- A menu answers, too: that anybody took the call is known only of dialled ones.
    case
        when r.disposition <> 'ANSWERED'
        then false
        when c.direction = 'outbound' or (r.application = 'DIAL' and r.destination_channel is not null)
        then true
    end as is_answered,
    -- Records say how long the call lasted, and how long of that it was answered. Some have no other
    -- stamps, and those they have are local.
    case
        when r.disposition = 'ANSWERED' or r.answered_at is not null
        then {{ by_duration("r.answered_at", "r.started_at", "r.duration_seconds - r.billed_seconds") }}
    end as answered_at,
    {{ by_duration("r.ended_at", "r.started_at", "r.duration_seconds") }} as ended_at,
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
inner join calls as c on r.source_instance = c.source_instance and r.contact_id = c.contact_id
where c.direction is not null and not c.is_half
