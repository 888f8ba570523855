-- One row per agent and time in a team; open ends reach to infinity.
select
    centre,
    source_instance,
    agent_id,
    telephony_id,
    crm_user_id,
    qa_user_id,
    team_id,
    role,
    tier,
    coalesce(valid_from, timestamp '1900-01-01 00:00:00') as valid_from,
    coalesce(valid_to, timestamp '9999-01-01 00:00:00') as valid_to
from {{ ref("int_entity__agents") }}
