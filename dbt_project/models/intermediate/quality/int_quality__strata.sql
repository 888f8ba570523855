-- One row per centre, window and stratum: its counts and scores, and the variance of its coverage ratio.
-- A weighted score is that of Horvitz and Thompson, as a ratio; its design effect is Kish's. The variance
-- of the logarithm of the ratio is that of agents as clusters (linearised), or that of single
-- contacts with half a contact added (Walter 1975), whichever is larger.
with
    keyed as (
        select
            c.*,
            {{ hash_key(["centre", "window_type", "window_start", "stratum_type", "stratum"]) }}
            as stratum_key
        from {{ ref("int_quality__counts") }} as c
    ),

    strata as (
        select
            k.*,
            1 / (n_before_evaluated + cast(0.5 as double))
            - 1 / (n_before + cast(0.5 as double))
            + 1 / (n_other_evaluated + cast(0.5 as double))
            - 1 / (n_other + cast(0.5 as double)) as variance_of_contacts
        from keyed as k
        where first_agent is null
    ),

    residuals as (
        select
            s.stratum_key,
            cast(c.n_before_evaluated as double) / s.n_before_evaluated
            - cast(c.n_before as double) / s.n_before
            - cast(c.n_other_evaluated as double) / s.n_other_evaluated
            + cast(c.n_other as double) / s.n_other as residual
        from strata as s
        inner join keyed as c on s.stratum_key = c.stratum_key and c.first_agent is not null
        where s.n_before_evaluated > 0 and s.n_other_evaluated > 0
    ),

    clustered as (
        select
            stratum_key, sum(residual * residual) * count(*) / nullif(count(*) - 1, 0) as variance_of_agents
        from residuals
        group by stratum_key
    )

select
    s.*,
    (cast(s.n_before_excluded as double) / nullif(s.n_before_decided, 0))
    / nullif(cast(s.n_other_excluded as double) / nullif(s.n_other_decided, 0), 0) as filter_exclusion_ratio,
    round(s.sum_score / nullif(s.n_scored, 0), 9) as score_raw,
    case when s.n_weight_unknown = 0 then round(s.sum_weighted_score / s.sum_weight, 9) end as score_weighted,
    case
        when s.n_weight_unknown = 0
        then round(s.n_weighted * s.sum_squared_weight / (s.sum_weight * s.sum_weight), 9)
    end as design_effect,
    case
        when s.n_weight_unknown = 0 then round(s.sum_weight * s.sum_weight / s.sum_squared_weight, 9)
    end as n_effective,
    cast(s.n_scored_alike as double) / nullif(s.n_double_scored, 0) as agreement_share,
    s.latency_p50_seconds / 3600 as latency_p50_hours,
    greatest(s.variance_of_contacts, coalesce(c.variance_of_agents, 0)) as log_ratio_variance,
    greatest(coalesce(c.variance_of_agents / nullif(s.variance_of_contacts, 0), 1), 1) as agent_design_effect
from strata as s
left join clustered as c on s.stratum_key = c.stratum_key
