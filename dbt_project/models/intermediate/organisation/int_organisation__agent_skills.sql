-- One row per agent, skill and time the agent had it; open ends reach to infinity.
select
    centre,
    source_instance,
    agent_id,
    skill,
    coalesce(valid_from, timestamp '1900-01-01 00:00:00') as valid_from,
    coalesce(valid_to, timestamp '9999-01-01 00:00:00') as valid_to
from {{ ref("int_entity__agent_skills") }}
