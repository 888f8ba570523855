-- One row per centre and window: weeks from Monday, blocks of eight weeks counted from 1970-01-05
-- so that new data never move them, and the whole span.
with
    days as (select distinct centre, started_date as day from {{ ref("int_journey__journeys") }}),

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
