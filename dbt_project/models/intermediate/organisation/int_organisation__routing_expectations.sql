-- One row per reason and time its route was expected; open ends reach to infinity.
select
    centre,
    source_instance,
    reason,
    required_skill,
    expected_queue_group,
    coalesce(valid_from, timestamp '1900-01-01 00:00:00') as valid_from,
    coalesce(valid_to, timestamp '9999-01-01 00:00:00') as valid_to
from {{ ref("int_entity__routing_expectations") }}
