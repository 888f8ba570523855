-- One row per queue and time its description was in force; open ends reach to infinity.
select
    centre,
    source_instance,
    queue_id,
    queue,
    queue_group,
    team_id,
    tier,
    channel,
    is_triage,
    is_overflow,
    language,
    coalesce(valid_from, timestamp '1900-01-01 00:00:00') as valid_from,
    coalesce(valid_to, timestamp '9999-01-01 00:00:00') as valid_to
from {{ ref("int_entity__queues") }}
