-- One row per leg of a contact, with the team in force when it started, how long it waited and what for.
-- Where a source does not say how a stay in a queue ended, the next leg and the contact may.
with
    matched as (
        select
            l.*,
            a.agent_id is not null as is_agent_mapped,
            q.queue_id is not null as is_queue_mapped,
            q.queue,
            q.queue_group,
            q.tier as queue_tier,
            coalesce(a.team_id, q.team_id) as team_id,
            row_number() over (
                partition by l.contact_key, l.leg_seq
                order by
                    a.valid_from desc nulls last,
                    q.valid_from desc nulls last,
                    a.agent_id nulls last,
                    q.queue_id nulls last
            ) as match_seq
        from {{ ref("int_entity__legs") }} as l
        left join
            {{ ref("int_organisation__agents") }} as a
            on l.centre = a.centre
            and l.agent_id = coalesce(a.telephony_id, a.agent_id)
            and l.started_at >= a.valid_from
            and l.started_at < a.valid_to
        left join
            {{ ref("int_organisation__queues") }} as q
            on l.centre = q.centre
            and l.queue_id = q.queue_id
            and l.started_at >= q.valid_from
            and l.started_at < q.valid_to
    ),

    ordered as (
        select
            m.*,
            row_number() over (
                partition by contact_key order by started_at nulls last, leg_seq nulls last
            ) as position,
            lead(coalesce(transfer_type, '')) over (
                partition by contact_key order by started_at nulls last, leg_seq nulls last
            ) as next_transfer_type
        from matched as m
        where match_seq = 1
    ),

    judged as (
        select
            o.*,
            c.direction,
            c.is_answered as is_contact_answered,
            c.is_abandoned as is_contact_abandoned,
            case
                when {{ known_word("o.queue_outcome", "legs.queue_outcome") }} is not null
                then o.queue_outcome
                when o.enqueued_at is null
                then null
                when o.answered_at is not null
                then 'answered'
                when o.next_transfer_type = 'queue'
                then 'flow_out'
                when o.next_transfer_type is null and c.is_abandoned
                then 'abandoned'
            end as known_outcome
        from ordered as o
        left join {{ ref("int_entity__contacts") }} as c on o.contact_key = c.contact_key
    )

select
    contact_key,
    centre,
    source_instance,
    contact_id,
    leg_seq,
    queue_id,
    queue,
    queue_group,
    queue_tier,
    agent_id,
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
        when answered_at is not null or not is_contact_abandoned
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
    transfer_type,
    end_reason,
    is_order_possible,
    position
from judged
