-- One row per journey: how often it had changed teams before it escalated, five or more as five.
-- Handoffs after the escalation are its consequence, not its cause.
with
    units as (
        select distinct i.journey_key, coalesce(c.chain_key, i.item_key) as unit_key
        from {{ ref("int_journey__items") }} as i
        left join {{ ref("int_contact__enriched") }} as c on i.item_key = c.contact_key
    ),

    handoffs as (
        select u.journey_key, count(*) as n_handoffs
        from units as u
        inner join {{ ref("int_handoff__handoffs") }} as h on u.unit_key = h.unit_key
        inner join {{ ref("int_journey__journeys") }} as j on u.journey_key = j.journey_key
        where h.handed_at < j.first_escalated_at or j.first_escalated_at is null
        group by u.journey_key
    ),

    priorities as (
        select i.journey_key, {{ earliest_filled("c.priority_initial", "c.opened_at") }} as priority
        from {{ ref("int_journey__items") }} as i
        inner join {{ ref("int_case__enriched") }} as c on i.item_key = c.case_key
        group by i.journey_key
    )

select
    j.journey_key,
    j.centre,
    j.started_date,
    coalesce(j.reason, '(unknown)') as reason,
    coalesce(p.priority, '(unknown)') as priority,
    cast(least(coalesce(h.n_handoffs, 0), 5) as bigint) as n_handoffs,
    j.is_escalated
from {{ ref("int_journey__journeys") }} as j
left join handoffs as h on j.journey_key = h.journey_key
left join priorities as p on j.journey_key = p.journey_key
where j.n_handoffs is not null
