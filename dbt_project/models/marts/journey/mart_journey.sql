-- One row per journey: all contacts and cases of one customer about one issue.
with
    segments as (
        select customer_key, min(segment) as segment
        from {{ ref("int_entity__customers") }}
        group by customer_key
    ),

    evaluated as (
        select
            c.centre,
            i.journey_key,
            min(c.started_at) filter (where c.is_evaluated) as first_evaluated_contact_at
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        group by 1, 2
    )

select
    j.centre,
    {{ key_text("j.journey_key") }} as journey_id,
    j.customer_id,
    s.segment,
    j.reason,
    j.first_channel,
    j.started_at,
    j.ended_at,
    j.started_date,
    j.is_censored,
    j.n_contacts,
    j.n_cases,
    j.n_channels,
    j.n_handoffs,
    j.n_handoffs_settled,
    j.n_returns_direct,
    j.n_returns_any,
    j.max_wait_seconds,
    j.hold_seconds,
    j.n_reopens,
    j.is_reopened,
    j.is_sla_missed,
    j.is_bounced,
    j.is_resolved,
    j.is_escalated,
    j.escalation_type,
    j.first_escalated_at,
    j.n_escalations,
    case
        when not n.is_delivered
        then null
        when j.first_escalated_at is not null
        then coalesce(v.first_evaluated_contact_at < j.first_escalated_at, false)
        else v.first_evaluated_contact_at is not null
    end as is_qa_covered_before,
    j.link_confidence_min,
    o.n_repeats,
    o.n_transfers,
    o.n_channel_switches,
    o.n_reasks,
    o.effort_index
from {{ ref("int_journey__journeys") }} as j
inner join {{ ref("int_source__entities") }} as n on j.centre = n.centre and n.entity = 'evaluations'
inner join {{ ref("int_journey__efforts") }} as o on j.journey_key = o.journey_key
left join segments as s on j.customer_key = s.customer_key
left join evaluated as v on j.journey_key = v.journey_key
