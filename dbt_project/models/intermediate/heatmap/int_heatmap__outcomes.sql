-- One row per journey and heatmap measure it is exposed to; the outcome is NULL where undecidable.
select centre, journey_id, started_date, 'escalated' as measure, is_escalated as outcome
from {{ ref("int_journey__journeys") }}
union all
select centre, journey_id, started_date, 'reopened', is_reopened
from {{ ref("int_journey__journeys") }}
where n_cases > 0
union all
select centre, journey_id, started_date, 'sla_missed', is_sla_missed
from {{ ref("int_journey__journeys") }}
where n_cases > 0
union all
select centre, journey_id, started_date, 'bounced', is_bounced
from {{ ref("int_journey__journeys") }}
