-- One row per journey with a case: whether a case of it was opened again.
select centre, journey_key, started_date, is_reopened as outcome
from {{ ref("int_journey__journeys") }}
where n_cases > 0
