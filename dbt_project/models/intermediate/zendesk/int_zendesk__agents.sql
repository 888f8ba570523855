-- One row per agent, a user who may answer tickets.
-- Whoever is in several groups is of the one that is the default.
select
    u.centre,
    u.source_instance,
    u.user_id as agent_id,
    u.user_id as crm_user_id,
    coalesce(g.team_id, u.default_group_id) as team_id,
    u.created_at as valid_from,
    {{ null_columns("agents", ["telephony_id", "qa_user_id", "role", "tier", "hired_on", "valid_to"]) }},
    u.delivered_at
from {{ ref("stg_zendesk__users") }} as u
left join
    {{ ref("stg_zendesk__groups") }} as g
    on u.source_instance = g.source_instance
    and u.default_group_id = g.group_id
where u.role in ('agent', 'admin')
