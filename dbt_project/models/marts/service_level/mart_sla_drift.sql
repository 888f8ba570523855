-- One row per policy, metric, priority, team and week: how many clocks were met, and how many were eased.
with
    weeks as (
        select
            centre,
            policy_id,
            metric,
            coalesce(priority, '(unknown)') as priority,
            coalesce(team, '(unknown)') as team_id,
            cast({{ dbt.date_trunc("week", "day") }} as date) as window_start,
            count(is_met) as n,
            count(*) - count(is_met) as n_undecidable,
            count(*) filter (where is_met) as n_met,
            count(is_loosened_after_start) as n_target_known,
            count(*) filter (where is_loosened_after_start) as n_loosened,
            {{ percentile("target_seconds", 0.5) }} as target_p50_seconds,
            sum(elapsed_seconds) as elapsed_seconds,
            sum(paused_seconds) as paused_seconds
        from {{ ref("int_sla__due_clocks") }}
        group by 1, 2, 3, 4, 5, 6
    )

select
    centre,
    policy_id,
    metric,
    priority,
    team_id,
    'week' as window_type,
    window_start,
    cast({{ dbt.dateadd("day", 7, "window_start") }} as date) as window_end,
    cast(n as bigint) as n,
    cast(n_met as bigint) as n_met,
    cast(n_undecidable as bigint) as n_undecidable,
    cast(n_met as double) / nullif(n, 0) as attainment_share,
    {{ wilson_low("n_met", "n") }} as attainment_share_low,
    {{ wilson_high("n_met", "n") }} as attainment_share_high,
    cast(n_target_known as bigint) as n_target_known,
    cast(n_loosened as bigint) as n_loosened,
    cast(n_loosened as double) / nullif(n_target_known, 0) as target_drift_share,
    cast(target_p50_seconds as double) as target_p50_seconds,
    cast(elapsed_seconds as bigint) as elapsed_seconds,
    cast(paused_seconds as bigint) as paused_seconds,
    cast(paused_seconds as double) / nullif(elapsed_seconds, 0) as clock_drift_share
from weeks
