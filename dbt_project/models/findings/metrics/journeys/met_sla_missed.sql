-- One row per journey with a case: whether a case of it missed its service level target.
select centre, journey_key, started_date, is_sla_missed as outcome
from {{ ref("int_journey__journeys") }}
where n_cases > 0
