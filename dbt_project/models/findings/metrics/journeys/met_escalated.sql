-- One row per journey: whether anybody recorded an escalation of it.
select centre, journey_key, started_date, is_escalated as outcome from {{ ref("int_journey__journeys") }}
