-- One row per group of contacts that the recommended sample draws from: how many of them it takes.
-- Of escalated journeys it takes all up to a cap. Strata share the rest by their contacts times the spread
-- of their scores (Neyman 1934). A stratum with few scores counts as one whose contacts pass or fail: with
-- its mean score, shrunken to that of the centre.
{% set one_half = "cast(0.5 as double)" %}
with
    contact_groups as (
        select group_key, centre, is_census, count(*) as n_contacts
        from {{ ref("int_quality__plan_frames") }}
        group by group_key, centre, is_census
    ),

    scores as (
        select
            centre,
            {{ hash_key(["centre", "stratum"]) }} as group_key,
            count(score) as n_scored,
            sum(score) / 100 as sum_scored,
            -- Rounded, because the order of a sum changes its last digits.
            round(stddev_samp(score) / 100, 9) as spread
        from {{ ref("int_quality__contacts") }}
        group by centre, stratum
    ),

    centre_scores as (
        select centre, sum(sum_scored) / nullif(sum(n_scored), 0) as mean_score from scores group by centre
    ),

    means as (
        select
            g.*,
            s.n_scored,
            s.spread,
            (
                coalesce(s.sum_scored, 0)
                + {{ threshold("qa_plan_prior_scores") }} * coalesce(c.mean_score, {{ one_half }})
            )
            / (coalesce(s.n_scored, 0) + {{ threshold("qa_plan_prior_scores") }}) as mean_score
        from contact_groups as g
        left join scores as s on g.group_key = s.group_key
        left join centre_scores as c on g.centre = c.centre
    ),

    weights as (
        select
            m.*,
            case
                when is_census
                then 0
                when n_scored >= {{ threshold("qa_plan_min_scores") }}
                then n_contacts * spread
                else n_contacts * sqrt(mean_score * greatest(1 - mean_score, 0))
            end as weight,
            case
                when is_census then least(n_contacts, {{ threshold("qa_plan_census_cap") }}) else 0
            end as n_census
        from means as m
    ),

    quotas as (
        select
            w.*,
            greatest(
                {{ threshold("qa_plan_size") }} - sum(n_census) over (partition by centre),
                0
            ) * coalesce(
                weight / nullif(sum(weight) over (partition by centre), 0),
                cast(n_contacts as double) / sum(n_contacts) over (partition by centre, is_census)
            ) as quota
        from weights as w
    )

select
    group_key,
    centre,
    cast(n_contacts as bigint) as n_contacts,
    cast(
        case
            when is_census
            then n_census
            else
                least(
                    n_contacts,
                    greatest(floor(round(quota, 6) + {{ one_half }}), {{ threshold("qa_plan_floor") }})
                )
        end as bigint
    ) as n_drawn
from quotas
