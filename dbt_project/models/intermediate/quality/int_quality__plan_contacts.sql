-- One row per answered contact and quality plan that may sample it, with the plan in force at its start.
-- Where a source records which plans considered a contact, those count. Elsewhere the plans of its first team
-- do, and those of every team. A contact that no plan may sample has one row without a plan.
with
    matches as (
        select
            c.contact_key,
            c.centre,
            c.source_instance,
            c.contact_id,
            c.started_date,
            c.channel,
            c.first_team_id,
            c.talk_seconds,
            c.n_transfers,
            coalesce(s.plan_id, p.plan_id) as plan_id,
            s.plan_id is not null as is_recorded,
            s.is_eligible as is_recorded_eligible,
            s.is_sampled,
            s.inclusion_probability,
            p.plan_id is not null as is_plan_known,
            p.channels,
            p.min_talk_seconds,
            p.excludes_transferred,
            -- Rows of one plan may overlap: the newest counts.
            row_number() over (
                partition by c.contact_key, coalesce(s.plan_id, p.plan_id)
                order by p.valid_from desc nulls last, p.source_instance nulls last
            ) as version_seq
        from {{ ref("int_contact__enriched") }} as c
        left join {{ ref("int_quality__samples") }} as s on c.contact_key = s.contact_key
        left join
            {{ ref("int_entity__plans") }} as p
            on c.centre = p.centre
            and (p.valid_from is null or c.started_at >= p.valid_from)
            and (p.valid_to is null or c.started_at < p.valid_to)
            and case
                when s.plan_id is not null
                then p.plan_id = s.plan_id
                else p.team_id is null or p.team_id = c.first_team_id
            end
        where coalesce(c.is_answered, true)
    )

select *
from matches
where version_seq = 1
