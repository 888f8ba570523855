-- One row per centre, stratum and window: how much of it quality assurance has seen.
{% set strata = {
    "all": "'all'",
    "channel": "channel",
    "team": "first_team_id",
    "queue_group": "first_queue_group",
    "reason": "reason",
} %}
with
    contacts as (
        select c.*, w.window_type, w.window_start, w.window_end
        from {{ ref("int_contact__enriched") }} as c
        inner join
            {{ ref("int_window__windows") }} as w
            on c.centre = w.centre
            and c.started_date >= w.window_start
            and c.started_date < w.window_end
            and w.window_type <> 'week'
        where coalesce(c.is_answered, true)
    ),

    counted as (
        {% for stratum_type, column in strata.items() %}
            select
                centre,
                '{{ stratum_type }}' as stratum_type,
                coalesce({{ column }}, '(unknown)') as stratum,
                window_type,
                window_start,
                window_end,
                count(*) as n_population,
                case when count(is_evaluated) > 0 then count(*) filter (where is_evaluated) end as n_sampled
            from contacts
            group by 1, 2, 3, 4, 5, 6
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    whole as (select * from counted where stratum_type = 'all')

select
    c.centre,
    c.stratum_type,
    c.stratum,
    c.window_type,
    c.window_start,
    c.window_end,
    cast(c.n_population as bigint) as n_population,
    cast(c.n_sampled as bigint) as n_sampled,
    cast(c.n_sampled as double) / nullif(c.n_population, 0) as coverage_share,
    {{ wilson_low("c.n_sampled", "c.n_population") }} as coverage_share_low,
    {{ wilson_high("c.n_sampled", "c.n_population") }} as coverage_share_high,
    (cast(c.n_sampled as double) / nullif(w.n_sampled, 0))
    / nullif(cast(c.n_population as double) / nullif(w.n_population, 0), 0) as representation_index
from counted as c
inner join
    whole as w on c.centre = w.centre and c.window_type = w.window_type and c.window_start = w.window_start
