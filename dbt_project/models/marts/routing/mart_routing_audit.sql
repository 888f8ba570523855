-- One row per centre, entry point, reason, first queue group and window: where contacts landed.
with
    contacts as (
        select
            c.centre,
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
            j.is_escalated,
            x.expected_queue_group,
            row_number() over (
                partition by c.source_instance, c.contact_id
                order by x.valid_from desc nulls last, x.source_instance nulls last
            ) as expectation_choice
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        inner join {{ ref("int_journey__journeys") }} as j on i.journey_key = j.journey_key
        left join
            {{ ref("int_entity__routing_expectations") }} as x
            on c.centre = x.centre
            and c.reason = x.reason
            and c.started_at >= coalesce(x.valid_from, c.started_at)
            and (x.valid_to is null or c.started_at < x.valid_to)
        where coalesce(c.is_customer_initiated, true)
    )

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
    count(*) filter (where c.n_returns_any > 0)
    / nullif(cast(count(c.n_returns_any) as double), 0) as return_share,
    {{ percentile("case when c.is_answered then c.queue_wait_seconds end", 0.9) }} as wait_p90_seconds,
    {{ percentile("case when c.is_abandoned then c.queue_wait_seconds end", 0.9) }}
    as abandoned_wait_p90_seconds,
    min(c.expected_queue_group) as expected_queue_group,
    case
        when min(c.expected_queue_group) is not null and c.first_queue_group <> '(unknown)'
        then min(c.expected_queue_group) <> c.first_queue_group
    end as is_mismatch,
    count(*) filter (where c.is_escalated)
    / nullif(cast(count(c.is_escalated) as double), 0) as escalation_share
from contacts as c
inner join
    {{ ref("int_window__windows") }} as w
    on c.centre = w.centre
    and c.started_date >= w.window_start
    and c.started_date < w.window_end
    and w.window_type <> 'week'
where c.expectation_choice = 1
group by 1, 2, 3, 4, 5, 6, 7
