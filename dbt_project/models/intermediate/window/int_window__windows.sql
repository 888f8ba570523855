-- One row per centre and window: weeks from Monday, blocks of eight weeks counted from 1970-01-05
-- so that new data never move them, and the whole span. The days are those on which journeys start; of a
-- centre without journeys those of its events, and without events those of its deliveries. A centre that
-- delivered nothing has a span without days.
with
    candidate_days as (
        select centre, started_date as day, 1 as preference
        from {{ ref("int_journey__journeys") }}
        union all
        select centre, event_date, 2
        from {{ ref("int_source__daily_counts") }}
        union all
        select d.centre, cast({{ local_time("d.delivered_at", "s.time_zone") }} as date), 3
        from {{ ref("stg_faultline__deliveries") }} as d
        inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
    ),

    preferences as (
        select centre, min(preference) as preference from candidate_days where day is not null group by centre
    ),

    days as (
        select distinct c.centre, c.day
        from candidate_days as c
        inner join preferences as p on c.centre = p.centre and c.preference = p.preference
        where c.day is not null
    ),

    weeks as (
        select distinct centre, cast({{ dbt.date_trunc("week", "day") }} as date) as window_start from days
    ),

    blocks as (
        select distinct
            centre,
            {{
                dbt.dateadd(
                    "week",
                    "cast(floor("
                    ~ dbt.datediff("cast('1970-01-05' as date)", "window_start", "day")
                    ~ " / 56.0) * 8 as integer)",
                    "cast('1970-01-05' as date)",
                )
            }} as window_start
        from weeks
    )

select
    centre,
    'week' as window_type,
    window_start,
    cast({{ dbt.dateadd("day", 7, "window_start") }} as date) as window_end
from weeks
union all
select
    centre,
    'eight_weeks',
    cast(window_start as date),
    cast({{ dbt.dateadd("day", 56, "window_start") }} as date)
from blocks
union all
select centre, 'span', min(window_start), cast({{ dbt.dateadd("day", 7, "max(window_start)") }} as date)
from weeks
group by centre
union all
select distinct s.centre, 'span', cast(null as date), cast(null as date)
from {{ ref("int_source__spans") }} as s
left join preferences as p on s.centre = p.centre
where p.centre is null
