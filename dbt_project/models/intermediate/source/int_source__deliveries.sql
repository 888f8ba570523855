-- One row per source instance, file set and local day of delivery: what arrived, and what is usual.
-- All files of a day count together, because small ones say little alone. A day is judged when no file of
-- it was refused and it is complete: as many files as usual came, or a later day has begun.
with
    files as (
        select
            d.centre,
            d.source_instance,
            d.file_set,
            d.delivery_id,
            cast({{ local_time("d.delivered_at", "s.time_zone") }} as date) as day,
            -- Every entity of a file is told its records; those from lists inside have their own number.
            max(d.n_read) as n_rows,
            max(case when d.status = 'landed' then 0 else 1 end) as n_refused
        from {{ source("raw_faultline", "deliveries") }} as d
        inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
        group by 1, 2, 3, 4, 5
    ),

    days as (
        select
            centre,
            source_instance,
            file_set,
            day,
            mod({{ dbt.datediff("cast('1970-01-05' as date)", "day", "day") }}, 7) as weekday,
            count(*) as n_files,
            cast(sum(n_rows) as bigint) as n_rows,
            sum(n_refused) as n_refused
        from files
        group by 1, 2, 3, 4, 5
    ),

    numbered as (
        select
            d.*,
            count(*) over (
                partition by source_instance, file_set
                order by day
                rows between unbounded preceding and current row
            ) as position,
            max(day) over (
                partition by source_instance, file_set
                order by day
                rows between unbounded preceding and 1 preceding
            ) as previous_day,
            day = max(day) over (partition by source_instance, file_set) as is_newest
        from days as d
    ),

    -- What already fell short of the same weekdays before it is no measure for those after it.
    before as (
        select n.source_instance, n.file_set, n.day, {{ percentile("e.n_rows", 0.5) }} as n_usual
        from numbered as n
        inner join
            numbered as e
            on n.source_instance = e.source_instance
            and n.file_set = e.file_set
            and n.weekday = e.weekday
            and e.position < n.position
        where e.n_refused = 0 and n.position - e.position <= 7 * {{ threshold("small_delivery_baseline") }}
        group by 1, 2, 3
        having count(*) >= {{ threshold("small_delivery_min_points") }}
    ),

    good as (
        select n.*
        from numbered as n
        left join
            before as b on n.source_instance = b.source_instance and n.file_set = b.file_set and n.day = b.day
        where
            n.n_refused = 0
            and (b.n_usual is null or n.n_rows >= {{ threshold("small_delivery_share") }} * b.n_usual)
    ),

    compared as (
        select
            n.source_instance,
            n.file_set,
            n.day,
            g.n_rows,
            g.n_files,
            n.weekday = g.weekday as is_same_weekday,
            row_number() over (
                partition by n.source_instance, n.file_set, n.day order by g.position desc
            ) as recency,
            row_number() over (
                partition by n.source_instance, n.file_set, n.day, n.weekday = g.weekday
                order by g.position desc
            ) as weekday_recency
        from numbered as n
        inner join
            good as g
            on n.source_instance = g.source_instance
            and n.file_set = g.file_set
            and g.position < n.position
        -- Eight weeks of daily deliveries: what nobody corrects that long is the new usual.
        where n.position - g.position <= 7 * {{ threshold("small_delivery_baseline") }}
    ),

    kinds as (
        select
            c.*,
            sum(case when is_same_weekday then 1 else 0 end) over (
                partition by source_instance, file_set, day
            ) as n_weekdays
        from compared as c
    ),

    -- The median of the same weekday where it came often enough, else the smallest of all; a weekday
    -- that never came before may be a quiet one until a whole week is known.
    usual as (
        select
            source_instance,
            file_set,
            day,
            case
                when max(n_weekdays) >= {{ threshold("small_delivery_min_points") }}
                then {{ percentile("n_rows", 0.5) }}
                else min(n_rows)
            end as n_usual,
            {{ percentile("n_files", 0.5) }} as n_usual_files
        from kinds
        where
            (
                n_weekdays >= {{ threshold("small_delivery_min_points") }}
                and is_same_weekday
                and weekday_recency <= {{ threshold("small_delivery_baseline") }}
            )
            or (
                n_weekdays < {{ threshold("small_delivery_min_points") }}
                and recency <= {{ threshold("small_delivery_baseline") }}
            )
        group by 1, 2, 3
        having
            count(*) >= {{ threshold("small_delivery_min_points") }}
            and (max(n_weekdays) > 0 or count(*) >= 7)
    ),

    -- The last day of the centre stands in for a source without events.
    reach as (
        select source_instance, coalesce(last_date, max(last_date) over (partition by centre)) as last_date
        from {{ ref("int_source__spans") }}
    ),

    -- Mondays to Fridays from 1970-01-05, a Monday, until before the delivery, the one before it and the
    -- last event.
    periods as (
        select
            n.source_instance,
            n.file_set,
            n.day,
            n.is_newest
            and {{ dbt.datediff("n.previous_day", "r.last_date", "day") }} + 1
            < {{ dbt.datediff("n.previous_day", "n.day", "day") }} as is_unfinished,
            {% for date in ["n.day", "n.previous_day", "r.last_date"] %}
                {% set days = dbt.datediff("cast('1970-01-05' as date)", date, "day") %}
                5 * ({{ days }} - mod({{ days }}, 7)) / 7
                + least(mod({{ days }}, 7), 5) as n_workdays_until_{{ date.split(".")[1] }}
                {% if not loop.last %}, {% endif %}
            {% endfor %}
        from numbered as n
        inner join reach as r on n.source_instance = r.source_instance
    ),

    -- The newest delivery of a source whose events end early is of an unfinished week or month. It
    -- is expected to hold the share of the Mondays to Fridays before the last event. Nothing is expected of
    -- weekends, which may be quiet, and of the day of the last event, which is itself unfinished.
    expected as (
        select
            u.source_instance,
            u.file_set,
            u.day,
            u.n_usual_files,
            u.n_usual * case
                when p.is_unfinished
                then
                    nullif(
                        greatest(n_workdays_until_last_date - n_workdays_until_previous_day, 0),
                        0
                    ) / nullif(
                        cast(n_workdays_until_day - n_workdays_until_previous_day as {{ dbt.type_float() }}),
                        0
                    )
                else 1.0
            end as n_usual
        from usual as u
        inner join
            periods as p
            on u.source_instance = p.source_instance
            and u.file_set = p.file_set
            and u.day = p.day
    )

select
    n.centre,
    n.source_instance,
    n.file_set,
    n.day,
    cast(n.n_files as bigint) as n_files,
    n.n_rows,
    u.n_usual,
    n.is_newest,
    case
        when u.n_usual is null or n.n_refused > 0 or (n.is_newest and n.n_files < u.n_usual_files)
        then null
        -- A handful of rows may halve by chance.
        else
            n.n_rows < {{ threshold("small_delivery_share") }} * u.n_usual
            and u.n_usual - n.n_rows > {{ threshold("bs04_z") }} * sqrt(u.n_usual)
    end as is_small
from numbered as n
left join expected as u on n.source_instance = u.source_instance and n.file_set = u.file_set and n.day = u.day
