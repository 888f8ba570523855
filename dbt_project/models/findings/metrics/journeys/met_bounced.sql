-- One row per journey: whether a team handed the customer on and got them straight back.
select centre, journey_key, started_date, is_bounced as outcome from {{ ref("int_journey__journeys") }}
