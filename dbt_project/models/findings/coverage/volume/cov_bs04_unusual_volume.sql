-- One row per source instance and day: hours whose volume can be compared with weeks before, and deliveries.
with
    -- Days known to be bad teach nothing.
    bad_days as (
        select source_instance, event_date as day
        from {{ ref("cov_bs03_silent_hours") }}
        where n_affected > 0
        union
        select source_instance, day
        from {{ ref("int_source__deliveries") }}
        where is_small
    ),

    -- The same hour of the same weekday in the weeks before; the days at either end of a span are cut.
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

    usual as (
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
    ),

    -- Counts vary by at least their root, whatever a few weeks happen to show.
    spread as (
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
        from usual as u
        inner join pairs as p on u.source_instance = p.source_instance and u.day = p.day and u.hour = p.hour
        group by u.centre, u.source_instance, u.day, u.hour, u.n, u.n_day, u.n_usual, u.n_day_usual
    ),

    -- Delivered after the last event, a file stands on its day.
    deliveries as (
        select
            d.centre,
            d.source_instance,
            least(greatest(d.day, coalesce(s.first_date, d.day)), coalesce(s.last_date, d.day)) as day,
            max(case when d.is_small then 1 else 0 end) = 1 as is_small
        from {{ ref("int_source__deliveries") }} as d
        inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
        where d.is_small is not null
        group by 1, 2, 3
    ),

    unusual_hours as (
        select
            h.centre,
            h.source_instance,
            h.day,
            abs(h.hour_off) > {{ threshold("bs04_z") }} * h.hour_sigma
            or abs(h.day_off) > {{ threshold("bs04_z") }} * h.day_sigma
            or coalesce(a.is_small, false) as is_affected
        from spread as h
        left join deliveries as a on h.source_instance = a.source_instance and h.day = a.day
        -- Nobody calls at night, and nobody wonders.
        where h.n > 0 or h.n_usual > 0
    ),

    findings as (
        select {{ source_dimensions("t", "day") }}, t.is_affected, false as is_undecidable
        from unusual_hours as t
        union all
        select {{ source_dimensions("a", "day") }}, a.is_small, false
        from deliveries as a
        left join
            (select distinct source_instance, day from unusual_hours) as t
            on a.source_instance = t.source_instance
            and a.day = t.day
        where t.day is null
    )

    {{ counted("findings") }}
