-- One row per party outside the queues that answered a call: one that passed no queue, or that left its
-- last queue.
with
    last_stays as (
        select source_instance, contact_id, first_event_no, ended_at, ended_by
        from {{ ref("int_asterisk__queue_stays") }}
        where next_stay_no is null
    ),

    parties as (
        select
            r.centre,
            r.source_instance,
            r.contact_id,
            min(r.record_no) as record_no,
            row_number() over (
                partition by r.source_instance, r.contact_id order by min(r.record_no) nulls last
            ) as party_no,
            min(s.first_event_no) as first_event_no,
            min(s.ended_by) as previous_ended_by,
            {{ first_filled("r.queue_id", "r.record_no") }} as queue_id,
            -- The record of a second half of a Local channel names the device that answered, and when it did.
            coalesce(
                min_by(r.agent_id, r.record_no) filter (where r.channel_half = 2),
                min_by(r.agent_id, r.record_no)
            ) as agent_id,
            min(r.started_at) as started_at,
            coalesce(min(r.answered_at) filter (where r.channel_half = 2), min(r.answered_at)) as answered_at,
            max(r.ended_at) as ended_at,
            coalesce(
                max(r.billed_seconds) filter (where r.channel_half = 2),
                case when count(*) = 1 then max(r.billed_seconds) end,
                {{ dbt.datediff("min(r.answered_at)", "max(r.ended_at)", "second") }}
            ) as talk_seconds,
            max(r.delivered_at) as delivered_at
        from {{ ref("int_asterisk__call_records") }} as r
        left join last_stays as s on r.source_instance = s.source_instance and r.contact_id = s.contact_id
        where
            r.is_answered
            and r.application <> 'QUEUE'
            and (s.contact_id is null or r.started_at >= s.ended_at)
        group by
            r.centre,
            r.source_instance,
            r.contact_id,
            coalesce(r.party, cast(r.record_no as {{ dbt.type_string() }}))
    )

select
    centre,
    source_instance,
    contact_id,
    coalesce(first_event_no, 0) + record_no as place,
    queue_id,
    agent_id,
    started_at,
    answered_at,
    ended_at,
    talk_seconds,
    -- Whether a later party came by a transfer is not recorded.
    case
        when party_no > 1
        then null
        when previous_ended_by in {{ asterisk_ending_events("transfer") }}
        then {{ asterisk_ending("previous_ended_by", "transfer") }}
        when previous_ended_by is not null
        then 'queue'
        when record_no = 1
        then 'none'
    end as transfer_type,
    delivered_at
from parties
