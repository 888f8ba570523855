-- One row per centre, stratum and window: how much of it quality assurance has seen, and how well.
{% set window = "partition by centre, window_type, window_start" %}
with
    known_strata as (
        select
            s.*,
            case when n_evaluation_known > 0 then n_evaluated end as n_sampled,
            case when n_eligibility_known > 0 then n_eligible end as n_known_eligible,
            case
                when n_eligibility_known > 0 and n_evaluation_known > 0 then n_eligible_evaluated
            end as n_eligible_sampled,
            case when n_eligibility_known > 0 and n_human_unknown = 0 then n_eligible_human end as n_human,
            case
                when n_eligibility_known > 0 and n_automatic_unknown = 0 then n_eligible_automatic
            end as n_automatic,
            cast(
                max(case when stratum_type = 'all' then n_evaluated end) over ({{ window }}) as double
            ) / nullif(
                max(case when stratum_type = 'all' then n_population end) over ({{ window }}), 0
            ) as coverage_share_of_all
        from {{ ref("int_quality__strata") }} as s
    ),

    shares as (
        select
            s.*,
            cast(n_sampled as double) / nullif(n_population, 0) as coverage_share,
            {{ wilson_low("n_sampled", "n_population") }} as coverage_share_low,
            {{ wilson_high("n_sampled", "n_population") }} as coverage_share_high
        from known_strata as s
    )

select
    s.centre,
    s.stratum_type,
    s.stratum,
    s.window_type,
    s.window_start,
    s.window_end,
    s.n_population,
    s.n_sampled,
    s.coverage_share,
    s.coverage_share_low,
    s.coverage_share_high,
    s.coverage_share / nullif(s.coverage_share_of_all, 0) as representation_index,
    s.n_known_eligible as n_eligible,
    s.n_population - s.n_eligibility_known as n_eligibility_undecidable,
    cast(s.n_eligible_sampled as double) / nullif(s.n_known_eligible, 0) as coverage_eligible_share,
    {{ wilson_low("s.n_eligible_sampled", "s.n_known_eligible") }} as coverage_eligible_share_low,
    {{ wilson_high("s.n_eligible_sampled", "s.n_known_eligible") }} as coverage_eligible_share_high,
    cast(s.n_human as double) / nullif(s.n_known_eligible, 0) as coverage_human_share,
    cast(s.n_automatic as double) / nullif(s.n_known_eligible, 0) as coverage_automatic_share,
    c.coverage_ratio as coverage_ratio_escalated,
    c.coverage_ratio_low as coverage_ratio_escalated_low,
    c.coverage_ratio_high as coverage_ratio_escalated_high,
    c.zero_by_chance,
    c.power_of_test as power,
    s.filter_exclusion_ratio,
    s.score_raw,
    s.score_weighted,
    s.design_effect,
    s.n_effective,
    s.n_double_scored,
    s.agreement_share,
    s.latency_p50_hours,
    case
        when s.n_eligible = 0 and s.n_eligibility_known = s.n_population
        then 'present'
        when c.power_of_test is null or c.power_of_test < {{ threshold("qa_min_power") }}
        then 'undecidable'
        when
            c.coverage_ratio_high < {{ threshold("qa_max_coverage_ratio") }}
            or s.filter_exclusion_ratio > {{ threshold("qa_max_exclusion_ratio") }}
            or s.coverage_share_high < {{ threshold("qa_min_representation") }} * s.coverage_share_of_all
        then 'present'
        else 'absent'
    end as verdict
from shares as s
left join {{ ref("int_quality__comparisons") }} as c on s.stratum_key = c.stratum_key
