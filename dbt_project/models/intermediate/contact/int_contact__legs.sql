-- One row per leg of a contact, with the team in force when it started, how long it waited and what for.
-- Where a source does not say how a stay in a queue ended, the next leg and the contact may.
with
    leg_outcomes as (
        select
            l.*,
            c.direction,
            c.is_answered as is_contact_answered,
            c.is_abandoned as is_contact_abandoned,
            case
                when {{ known_word("l.queue_outcome", "legs.queue_outcome") }} is not null
                then l.queue_outcome
                when l.enqueued_at is null
                then null
                when l.answered_at is not null
                then 'answered'
                when l.next_transfer_type = 'queue'
                then 'flow_out'
                when l.next_transfer_type is null and c.is_abandoned
                then 'abandoned'
            end as known_outcome
        from {{ ref("int_contact__leg_teams") }} as l
        left join {{ ref("int_entity__contacts") }} as c on l.contact_key = c.contact_key
    )

select
    {{ hash_key(["'leg'", "contact_key", "leg_seq"]) }} as leg_key,
    contact_key,
    centre,
    source_instance,
    contact_id,
    leg_seq,
    queue_id,
    queue,
    queue_group,
    queue_tier,
    queue_language,
    is_triage,
    is_overflow,
    agent_id,
    listed_agent_id,
    team_id,
    is_agent_mapped,
    is_queue_mapped,
    started_at,
    enqueued_at,
    dequeued_at,
    answered_at,
    ended_at,
    known_outcome as queue_outcome,
    case
        when answered_at is not null
        then true
        when known_outcome is not null
        then known_outcome = 'answered'
        when not is_contact_answered
        then false
    end as is_answered,
    case
        when known_outcome is not null
        then known_outcome = 'abandoned'
        when answered_at is not null
        then false
        -- Who was answered once may still hang up in a later queue.
        when not is_contact_abandoned and (not is_contact_answered or next_transfer_type is not null)
        then false
    end as is_abandoned,
    -- Who calls customers back leaves the queue before they pick up. The end of a leg ends a wait only
    -- where nobody answered.
    {{
        dbt.datediff(
            "enqueued_at",
            "coalesce(case when direction = 'outbound' then dequeued_at end, answered_at, dequeued_at, "
            ~ "case when known_outcome not in ('answered', 'unreached') or (known_outcome is null "
            ~ "and agent_id is null and is_order_possible is not false) then ended_at end)",
            "second",
        )
    }} as wait_seconds,
    talk_seconds,
    hold_seconds,
    wrap_up_seconds,
    is_authenticated,
    transfer_type,
    end_reason,
    is_order_possible,
    position
from leg_outcomes
