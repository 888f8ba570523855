-- One row per quality evaluation: its contact, and agent and team as of the contact.
-- An id of a contact means the contact of the same source, or else the only one of the centre that bears it.
with
    evaluations as (
        select e.*, coalesce(o.contact_key, i.contact_key) as contact_key
        from {{ ref("int_entity__evaluations") }} as e
        left join {{ ref("int_entity__contacts") }} as o on {{ entity_key("contact", "e") }} = o.contact_key
        left join {{ ref("int_contact__ids") }} as i on e.centre = i.centre and e.contact_id = i.contact_id
    ),

    matches as (
        select
            e.*,
            c.channel,
            c.reason,
            c.ended_at,
            a.agent_id as mapped_agent_id,
            a.team_id,
            -- Rows of one agent may overlap: the newest counts.
            row_number() over (
                partition by e.source_instance, e.evaluation_id
                order by a.valid_from desc nulls last, a.agent_id nulls last, a.source_instance nulls last
            ) as match_seq
        from evaluations as e
        left join {{ ref("int_contact__enriched") }} as c on e.contact_key = c.contact_key
        left join
            {{ ref("int_organisation__agents") }} as a
            on e.centre = a.centre
            and e.agent_id = coalesce(a.qa_user_id, a.telephony_id, a.agent_id)
            and coalesce(c.started_at, e.submitted_at) >= a.valid_from
            and coalesce(c.started_at, e.submitted_at) < a.valid_to
    )

select
    m.centre,
    m.source_instance,
    m.evaluation_id,
    {{ hash_key(["'evaluation'", "m.source_instance", "m.evaluation_id"]) }} as evaluation_key,
    m.contact_key,
    m.contact_id,
    coalesce(m.mapped_agent_id, m.agent_id) as agent_id,
    m.team_id,
    m.evaluator_id,
    -- A score outside 0 to 100 is no percentage.
    case when m.score between 0 and 100 then m.score end as score,
    m.is_automatic,
    m.calibration_session_id,
    m.channel,
    m.reason,
    m.submitted_at,
    cast({{ local_time("m.submitted_at", "s.time_zone") }} as date) as submitted_date,
    {{ is_word("m.status", "evaluations.status", ["submitted"]) }} as is_submitted,
    case
        when m.submitted_at >= m.ended_at then {{ dbt.datediff("m.ended_at", "m.submitted_at", "second") }}
    end as latency_seconds
from matches as m
inner join {{ ref("int_source__spans") }} as s on m.source_instance = s.source_instance
where m.match_seq = 1
