-- One row per leg of a contact, with the team in force when it started.
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
                partition by l.source_instance, l.contact_id, l.leg_seq
                order by a.valid_from desc nulls last, q.valid_from desc nulls last, a.agent_id, q.queue_id
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
    )

select
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
    answered_at,
    ended_at,
    {{ dbt.datediff("enqueued_at", "answered_at", "second") }} as wait_seconds,
    talk_seconds,
    hold_seconds,
    wrap_up_seconds,
    transfer_type,
    end_reason,
    is_order_possible
from matched
where match_seq = 1
