-- One row per agent, a user who is a member of a group.
-- Whoever is in several groups has no team that could be named.
with
    members as (
        select m.*, coalesce(g.team_id, m.group_id) as team_id
        from {{ ref("stg_servicenow__group_members") }} as m
        left join
            {{ ref("int_servicenow__group_references") }} as g
            on m.source_instance = g.source_instance
            and m.group_id = g.reference_value
        where not coalesce(m.is_deleted, false) and m.user_id is not null
    )

select
    centre,
    source_instance,
    user_id as agent_id,
    user_id as crm_user_id,
    case when count(distinct team_id) = 1 then min(team_id) end as team_id,
    min(created_at) as valid_from,
    {{ null_columns("agents", ["telephony_id", "qa_user_id", "role", "tier", "hired_on", "valid_to"]) }},
    max(delivered_at) as delivered_at
from members
group by centre, source_instance, user_id
