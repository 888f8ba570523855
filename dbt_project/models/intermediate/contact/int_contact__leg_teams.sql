-- One row per leg of a contact, in order, with the queue and the team in force when it started.
-- The team is that of the agent, or else that of the queue.
with
    matches as (
        select
            l.*,
            a.agent_id is not null as is_agent_mapped,
            a.agent_id as listed_agent_id,
            q.queue_id is not null as is_queue_mapped,
            q.queue,
            q.queue_group,
            q.tier as queue_tier,
            q.is_triage,
            q.is_overflow,
            q.language as queue_language,
            coalesce(a.team_id, q.team_id) as team_id,
            -- Rows of one agent or queue may overlap: the newest counts.
            row_number() over (
                partition by l.contact_key, l.leg_seq
                order by
                    a.valid_from desc nulls last,
                    q.valid_from desc nulls last,
                    a.agent_id nulls last,
                    a.source_instance nulls last,
                    q.source_instance nulls last
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
    m.*,
    row_number() over (
        partition by contact_key order by started_at nulls last, leg_seq nulls last
    ) as position,
    lead(coalesce(transfer_type, '')) over (
        partition by contact_key order by started_at nulls last, leg_seq nulls last
    ) as next_transfer_type
from matches as m
where match_seq = 1
