-- One row per call detail record of a call with somebody outside, in the order of its call.
-- The numbers show the direction of a call: whoever has an extension is inside.
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

    -- The second half of a Local channel dials on for another call; alone it is no call with a customer.
    calls as (
        select source_instance, contact_id, {{ first_filled("direction", "record_no") }} as direction
        from records
        group by source_instance, contact_id
        having count(*) <> count(*) filter (where channel_half = 2)
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
    -- Both halves of a Local channel, and a record that was forked, are of one party.
    case
        when r.channel_half is not null or c.direction = 'outbound'
        then r.channel || '-' || r.channel_instance
        else r.destination_channel || '-' || r.destination_instance
    end as party,
    r.channel_half,
    r.started_at,
    -- A menu answers, too: only of a dialled call is it known that a person took it.
    case
        when r.disposition <> 'ANSWERED'
        then false
        when c.direction = 'outbound' or (r.application = 'DIAL' and r.destination_channel is not null)
        then true
    end as is_answered,
    -- Some records lack stamps, and stamps are local: durations come first.
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
where c.direction is not null
