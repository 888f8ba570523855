-- One row per answered contact: what quality assurance could see of it, and what it saw.
-- It is drawn where any plan drew it; plans draw independently of one another. A score that no recorded draw
-- led to has no weight, and neither has one whose probability is no larger than a billionth.
with
    draws as (
        select
            contact_key,
            min(stratum) as stratum,
            {{ any_known("is_eligible") }} as is_eligible,
            {{ any_known("is_sampled") }} as is_sampled,
            case
                when count(*) > count(inclusion_probability)
                then null
                when max(inclusion_probability) >= 1
                then cast(1 as double)
                when count(*) = 1
                then max(inclusion_probability)
                else
                    round(
                        1 - exp(
                            sum(ln(1 - case when inclusion_probability < 1 then inclusion_probability end))
                        ),
                        12
                    )
            end as inclusion_probability
        from {{ ref("int_quality__population") }}
        group by contact_key
    )

select
    c.contact_key,
    c.centre,
    c.source_instance,
    c.contact_id,
    c.started_at,
    c.started_date,
    c.channel,
    c.first_team_id as team,
    c.first_queue_group as queue_group,
    c.reason,
    c.first_agent_id as agent,
    case
        when c.talk_seconds < 60
        then 'below 1 minute'
        when c.talk_seconds < 180
        then '1 to 3 minutes'
        when c.talk_seconds < 600
        then '3 to 10 minutes'
        when c.talk_seconds is not null
        then '10 minutes and more'
    end as talk_time,
    d.stratum,
    d.is_eligible,
    d.is_sampled,
    d.inclusion_probability,
    c.is_evaluated,
    case when c.is_evaluated then e.has_human_evaluation else c.is_evaluated end as has_human_evaluation,
    case
        when c.is_evaluated then e.has_automatic_evaluation else c.is_evaluated
    end as has_automatic_evaluation,
    e.score,
    e.latency_seconds,
    case when c.is_evaluated then e.is_double_scored else c.is_evaluated end as is_double_scored,
    e.is_scored_alike,
    e.is_calibrated,
    coalesce(j.is_escalated, false) as is_in_escalated_journey,
    coalesce(c.started_at < j.first_escalated_at, false) as is_before_escalation,
    coalesce(not j.is_escalated, false) as is_without_escalation,
    case
        when d.is_sampled and e.score is not null and d.inclusion_probability > 1e-9
        then 1 / d.inclusion_probability
    end as weight
from {{ ref("int_contact__enriched") }} as c
inner join draws as d on c.contact_key = d.contact_key
inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
left join {{ ref("int_journey__journeys") }} as j on i.journey_key = j.journey_key
left join {{ ref("int_quality__evaluated_contacts") }} as e on c.contact_key = e.contact_key
