-- One row per leg whose reason requires a skill: whether its agent had the skill when the leg started.
-- Without a row of any skill up to then, nothing is known of the agent's skills.
select
    l.leg_key,
    case
        when bool_or(s.skill = l.required_skill and l.started_at < s.valid_to)
        then true
        when count(s.skill) > 0
        then false
    end as has_skill
from {{ ref("int_routing__expected_legs") }} as l
left join
    {{ ref("int_organisation__agent_skills") }} as s
    on l.centre = s.centre
    and l.listed_agent_id = s.agent_id
    and l.started_at >= s.valid_from
where l.required_skill is not null
group by l.leg_key
