-- One row per journey that holds contacts: its chains of contacts summed up.
with
    -- A chain counts once, however many of its contacts the journey holds.
    chains as (
        select
            i.journey_key,
            c.chain_key,
            max(c.n_handoffs) as n_handoffs,
            max(c.n_handoffs_settled) as n_handoffs_settled,
            max(c.n_returns_direct) as n_returns_direct,
            max(c.n_returns_any) as n_returns_any,
            max(c.queue_wait_seconds) as queue_wait_seconds,
            sum(c.hold_seconds) as hold_seconds,
            count(*) filter (where c.is_answered and c.hold_seconds is null) as n_holds_unknown
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        group by 1, 2
    )

select
    journey_key,
    cast(sum(n_handoffs) as bigint) as n_handoffs,
    cast(sum(n_handoffs_settled) as bigint) as n_handoffs_settled,
    cast(sum(n_returns_direct) as bigint) as n_returns_direct,
    cast(sum(n_returns_any) as bigint) as n_returns_any,
    {{ any_known("n_returns_direct > 0") }} as is_bounced,
    max(queue_wait_seconds) as max_wait_seconds,
    -- What is known of some contacts is no total.
    case when sum(n_holds_unknown) = 0 then sum(hold_seconds) end as hold_seconds
from chains
group by journey_key
