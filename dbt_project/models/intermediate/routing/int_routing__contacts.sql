-- One row per contact that a customer began: where it landed, where it was expected, and whether it was
-- misrouted.
with
    leg_totals as (
        select
            contact_key,
            {{ any_known("is_route_expected") }} as is_route_expected,
            {{ any_known("is_misroute_strict") }} as is_misroute_strict,
            {{ any_known("is_misroute_probable and is_first_routed_leg") }} as is_misroute_probable,
            bool_and(has_skill) as is_staffed_with_skill
        from {{ ref("int_routing__legs") }}
        group by contact_key
    ),

    expectations as (
        select
            c.contact_key,
            x.expected_queue_group,
            row_number() over (
                partition by c.contact_key order by x.valid_from desc nulls last, x.source_instance nulls last
            ) as match_seq
        from {{ ref("int_contact__enriched") }} as c
        inner join
            {{ ref("int_organisation__routing_expectations") }} as x
            on c.centre = x.centre
            and c.reason = x.reason
            and c.started_at >= x.valid_from
            and c.started_at < x.valid_to
    ),

    expectations_in_force as (select * from expectations where match_seq = 1)

select
    c.centre,
    c.contact_key,
    coalesce(c.entry_point, '(unknown)') as entry_point,
    coalesce(c.reason, '(unknown)') as reason,
    coalesce(c.first_queue_group, '(unknown)') as first_queue_group,
    c.started_date,
    c.is_answered,
    c.is_abandoned,
    c.queue_wait_seconds,
    c.has_requested_callback,
    c.n_transfers,
    c.n_transfers_blind,
    c.n_transfers_consult,
    c.n_returns_any,
    x.expected_queue_group,
    l.contact_key is not null as is_routed,
    l.is_route_expected,
    l.is_misroute_strict,
    l.is_misroute_probable,
    c.is_misroute_declared,
    l.is_staffed_with_skill,
    j.is_escalated
from {{ ref("int_contact__enriched") }} as c
inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
inner join {{ ref("int_journey__journeys") }} as j on i.journey_key = j.journey_key
left join leg_totals as l on c.contact_key = l.contact_key
left join expectations_in_force as x on c.contact_key = x.contact_key
where coalesce(c.is_customer_initiated, true)
