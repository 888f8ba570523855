-- One row per centre, window and stratum: coverage of contacts before an escalation against that of others.
-- The power is that of a one-sided test at 5 % for the reference ratio, with the design effect of agents.
{% set z = 1.959963984540054 %}
{% set z_one_sided = 1.6448536269514722 %}
with
    ratios as (
        select
            s.*,
            (cast(n_before_evaluated as double) / nullif(n_before, 0))
            / nullif(cast(n_other_evaluated as double) / nullif(n_other, 0), 0) as coverage_ratio,
            (n_before_evaluated + cast(0.5 as double))
            / (n_before + cast(0.5 as double))
            / ((n_other_evaluated + cast(0.5 as double)) / (n_other + cast(0.5 as double))) as shrunken_ratio,
            cast(n_other_evaluated as double) / nullif(n_other, 0) as other_share,
            least(
                cast(n_other_evaluated as double)
                / nullif(n_other, 0)
                * {{ threshold("qa_reference_ratio") }},
                1
            ) as reference_share,
            n_before / agent_design_effect as n_before_effective,
            n_other / agent_design_effect as n_other_effective
        from {{ ref("int_quality__strata") }} as s
        where s.n_evaluation_known > 0
    ),

    pooled as (
        select
            r.*,
            (n_before_effective * reference_share + n_other_effective * other_share)
            / nullif(n_before_effective + n_other_effective, 0) as pooled_share
        from ratios as r
    ),

    deviations as (
        select
            p.*,
            shrunken_ratio * exp(-{{ z }} * sqrt(log_ratio_variance)) as shrunken_low,
            shrunken_ratio * exp({{ z }} * sqrt(log_ratio_variance)) as shrunken_high,
            (
                other_share
                - reference_share
                - {{ z_one_sided }}
                * sqrt(
                    pooled_share
                    * greatest(1 - pooled_share, 0)
                    * (1 / n_before_effective + 1 / n_other_effective)
                )
            ) / nullif(
                sqrt(
                    reference_share * (1 - reference_share) / n_before_effective
                    + other_share * (1 - other_share) / n_other_effective
                ),
                0
            ) as deviation
        from pooled as p
        where n_before > 0 and other_share > 0
    )

select
    stratum_key,
    coverage_ratio,
    round(least(coverage_ratio, shrunken_low), 9) as coverage_ratio_low,
    round(greatest(coverage_ratio, shrunken_high), 9) as coverage_ratio_high,
    power(1 - other_share, n_before) as zero_by_chance,
    round({{ normal_cdf("deviation") }}, 6) as power_of_test
from deviations
