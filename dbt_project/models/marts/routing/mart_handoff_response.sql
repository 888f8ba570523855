-- One row per centre, reason, window and number of handoffs: how many of such journeys escalated.
-- The standardised share weighs the shares of each reason and priority by how common they are in the
-- window, so that
-- rows compare equal mixes. A reason and priority without such journeys is left out.
with
    exposures as (
        select e.*, w.window_type, w.window_start, w.window_end
        from {{ ref("int_journey__handoff_exposures") }} as e
        inner join
            {{ ref("int_window__windows") }} as w
            on e.centre = w.centre
            and e.started_date >= w.window_start
            and e.started_date < w.window_end
            and w.window_type <> 'week'
    ),

    -- Each journey stands in the row of its reason and in that of all reasons.
    listed as (
        select e.*, e.reason as row_reason
        from exposures as e
        union all
        select e.*, '(all)' as row_reason
        from exposures as e
    ),

    strata as (
        select
            centre,
            row_reason,
            window_type,
            window_start,
            window_end,
            n_handoffs,
            reason,
            priority,
            count(*) as n_journeys,
            count(*) filter (where is_escalated) as n_escalated,
            count(is_escalated) as n_decided
        from listed
        group by 1, 2, 3, 4, 5, 6, 7, 8
    ),

    weighted as (
        select
            s.*,
            sum(n_decided) over (
                partition by centre, row_reason, window_type, window_start, reason, priority
            ) as weight
        from strata as s
    )

select
    centre,
    row_reason as reason,
    window_type,
    window_start,
    window_end,
    n_handoffs,
    cast(sum(n_journeys) as bigint) as n_journeys,
    cast(sum(n_escalated) as bigint) as n_escalated,
    cast(sum(n_journeys - n_decided) as bigint) as n_undecidable,
    cast(sum(n_escalated) as double) / nullif(sum(n_decided), 0) as escalated_share,
    {{ wilson_low("sum(n_escalated)", "sum(n_decided)") }} as escalated_share_low,
    {{ wilson_high("sum(n_escalated)", "sum(n_decided)") }} as escalated_share_high,
    sum(cast(weight * n_escalated as double) / nullif(n_decided, 0))
    / nullif(sum(case when n_decided > 0 then weight end), 0) as standardised_share
from weighted
group by 1, 2, 3, 4, 5, 6
