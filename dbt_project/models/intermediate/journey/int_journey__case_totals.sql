-- One row per journey that holds cases: its cases summed up, three-valued where a source cannot tell.
select
    i.journey_key,
    cast(sum(c.n_handoffs) as bigint) as n_handoffs,
    cast(sum(c.n_handoffs_settled) as bigint) as n_handoffs_settled,
    cast(sum(c.n_returns_direct) as bigint) as n_returns_direct,
    cast(sum(c.n_returns_any) as bigint) as n_returns_any,
    -- What is known of some cases is no total. A case without a team was never handed over.
    count(*) filter (where c.n_handoffs is null and c.group_id is not null) > 0 as is_handoff_unknown,
    case when count(*) = count(c.n_reopens) then cast(sum(c.n_reopens) as bigint) end as n_reopens,
    -- One TRUE decides; otherwise a single unknown keeps the whole undecided.
    {{ any_known("c.is_reopened") }} as is_reopened,
    {{ any_known("c.is_sla_missed") }} as is_sla_missed,
    {{ any_known("c.is_bounced") }} as is_bounced,
    not ({{ any_known("not c.is_resolved") }}) as is_resolved
from {{ ref("int_case__enriched") }} as c
inner join {{ ref("int_journey__items") }} as i on c.case_key = i.item_key
group by i.journey_key
