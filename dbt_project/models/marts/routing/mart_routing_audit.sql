-- One row per centre, entry point, reason, first queue group and window: where contacts landed.
{% set n_decided = "count(*) filter (where c.is_route_expected and c.is_misroute_strict is not null)" %}
{% set n_misrouted = "count(*) filter (where c.is_route_expected and c.is_misroute_strict)" %}
{% set n_unknown %}
    count(*) filter (
        where c.is_routed and (c.is_route_expected is null or (c.is_route_expected and c.is_misroute_strict is null))
    )
{% endset %}
select
    c.centre,
    c.entry_point,
    c.reason,
    c.first_queue_group,
    w.window_type,
    w.window_start,
    w.window_end,
    cast(count(*) as bigint) as n_contacts,
    cast(count(*) filter (where c.is_answered) as bigint) as n_answered,
    cast(count(*) filter (where c.is_answered is null) as bigint) as n_undecidable,
    cast(count(*) filter (where c.is_abandoned) as bigint) as n_abandoned,
    cast(count(*) filter (where c.is_abandoned is null) as bigint) as n_abandonment_undecidable,
    cast(count(*) filter (where c.has_requested_callback) as bigint) as n_callbacks_requested,
    cast(count(*) filter (where c.n_transfers > 0) as bigint) as n_transferred,
    count(*) filter (where c.is_answered and c.n_transfers > 0) / nullif(
        cast(count(*) filter (where c.is_answered and c.n_transfers is not null) as double), 0
    ) as transfer_share,
    cast(sum(c.n_transfers_blind) as double)
    / nullif(sum(c.n_transfers_blind + c.n_transfers_consult), 0) as cold_share,
    {{ share_of("c.n_returns_any > 0") }} as return_share,
    {{ percentile("case when c.is_answered then c.queue_wait_seconds end", 0.9) }} as wait_p90_seconds,
    {{ percentile("case when c.is_abandoned then c.queue_wait_seconds end", 0.9) }}
    as abandoned_wait_p90_seconds,
    min(c.expected_queue_group) as expected_queue_group,
    case
        when min(c.expected_queue_group) is not null and c.first_queue_group <> '(unknown)'
        then min(c.expected_queue_group) <> c.first_queue_group
    end as is_mismatch,
    {{ share_of("c.is_escalated") }} as escalation_share,
    cast({{ n_decided }} as bigint) as n_routed,
    cast({{ n_unknown }} as bigint) as n_misroute_undecidable,
    {{ n_misrouted }} / nullif(cast({{ n_decided }} as double), 0) as misroute_strict_share,
    {{ n_misrouted }}
    / nullif(cast({{ n_decided }} + {{ n_unknown }} as double), 0) as misroute_strict_share_low,
    ({{ n_misrouted }} + {{ n_unknown }})
    / nullif(cast({{ n_decided }} + {{ n_unknown }} as double), 0) as misroute_strict_share_high,
    {{ share_of("c.is_misroute_probable") }} as misroute_probable_share,
    {{ share_of("c.is_misroute_declared") }} as misroute_declared_share,
    {{ share_of("c.is_staffed_with_skill") }} as skill_staffed_share
from {{ ref("int_routing__contacts") }} as c
inner join
    {{ ref("int_window__windows") }} as w
    on c.centre = w.centre
    and c.started_date >= w.window_start
    and c.started_date < w.window_end
    and w.window_type <> 'week'
group by 1, 2, 3, 4, 5, 6, 7
