-- One row per source instance, day and hour whose volume can be compared with weeks before: how far off it
-- is.
-- The same hour of the same weekday counts, and days known to be bad teach nothing.
with
    bad_days as (
        select source_instance, event_date as day
        from {{ ref("cov_bs03_silent_hours") }}
        where n_affected > 0
        union
        select source_instance, day
        from {{ ref("int_source__deliveries") }}
        where is_small
    ),

    -- The days at either end of a span are cut.
    pairs as (
        select
            g.centre,
            g.source_instance,
            g.day,
            g.hour,
            g.n,
            g.n_day,
            e.n as n_earlier,
            e.n_day as n_day_earlier
        from {{ ref("int_contact__hours") }} as g
        inner join
            {{ ref("int_source__spans") }} as s
            on g.source_instance = s.source_instance
            and g.day > s.first_date
            and g.day < s.last_date
        inner join
            {{ ref("int_contact__hours") }} as e
            on g.source_instance = e.source_instance
            and g.weekday = e.weekday
            and g.hour = e.hour
            and e.day < g.day
            and e.day >= {{ dbt.dateadd("day", -7 * threshold_literal("baseline_weeks"), "g.day") }}
            and e.day > s.first_date
        left join bad_days as b on e.source_instance = b.source_instance and e.day = b.day
        where b.day is null
    ),

    usual_hours as (
        select
            centre,
            source_instance,
            day,
            hour,
            n,
            n_day,
            {{ percentile("n_earlier", 0.5) }} as n_usual,
            {{ percentile("n_day_earlier", 0.5) }} as n_day_usual
        from pairs
        group by 1, 2, 3, 4, 5, 6
        having count(*) >= {{ threshold("min_points") }}
    )

-- Counts vary by at least their root, whatever a few weeks happen to show.
select
    u.centre,
    u.source_instance,
    u.day,
    u.hour,
    u.n,
    u.n_usual,
    u.n_day - u.n_day_usual as day_off,
    u.n - u.n_usual as hour_off,
    greatest(
        {{ mad_to_sigma() }} * {{ percentile("abs(p.n_earlier - u.n_usual)", 0.5) }},
        sqrt(greatest(u.n_usual, 1))
    ) as hour_sigma,
    greatest(
        {{ mad_to_sigma() }} * {{ percentile("abs(p.n_day_earlier - u.n_day_usual)", 0.5) }},
        sqrt(greatest(u.n_day_usual, 1))
    ) as day_sigma
from usual_hours as u
inner join pairs as p on u.source_instance = p.source_instance and u.day = p.day and u.hour = p.hour
group by u.centre, u.source_instance, u.day, u.hour, u.n, u.n_day, u.n_usual, u.n_day_usual
