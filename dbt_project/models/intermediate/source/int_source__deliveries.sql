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
            -- Entities of one file repeat its number of records; those from lists inside count their own.
            max(d.n_read) as n_rows,
            max(case when d.status = 'landed' then 0 else 1 end) as n_refused
        from {{ ref("stg_faultline__deliveries") }} as d
        inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
        group by 1, 2, 3, 4, 5
    ),

    days as (
        select
            centre,
            source_instance,
            file_set,
            day,
            count(*) as n_files,
            cast(sum(n_rows) as bigint) as n_rows,
            sum(n_refused) as n_refused
        from files
        group by 1, 2, 3, 4
    ),

    numbered as (
        select
            d.*,
            count(*) over (
                partition by source_instance, file_set
                order by day nulls last
                rows between unbounded preceding and current row
            ) as position,
            max(day) over (
                partition by source_instance, file_set
                order by day nulls last
                rows between unbounded preceding and 1 preceding
            ) as previous_day,
            day = max(day) over (partition by source_instance, file_set) as is_newest
        from days as d
    ),

    -- Deliveries of one rhythm can be compared: those of one weekday (0 is Monday), or those that come six
    -- days or more after the one before and hold about a week or longer (7). The first delivery may hold all
    -- that came before it, so its rhythm is 7 too.
    deliveries as (
        select
            n.*,
            case
                when previous_day is null or {{ dbt.datediff("previous_day", "day", "day") }} >= 6
                then 7
                else mod({{ dbt.datediff("cast('1970-01-05' as date)", "day", "day") }}, 7)
            end as rhythm,
            cast(null as {{ dbt.type_float() }}) as scaled_deviation
        from numbered as n
    ),

    -- First: how far each delivery was from what was usual at its time, as a multiple of the square root of
    -- that. Rows often come in clumps, such as eight answers to each evaluation, and vary by more than one.
    {{ usual_deliveries("deliveries", "first") }}

    measured as (
        select
            d.centre,
            d.source_instance,
            d.file_set,
            d.day,
            d.n_files,
            d.n_rows,
            d.n_refused,
            d.position,
            d.rhythm,
            abs(d.n_rows - u.n_rhythm_median) / sqrt(greatest(u.n_rhythm_median, 1)) as scaled_deviation
        from deliveries as d
        left join
            first_usual as u
            on d.source_instance = u.source_instance
            and d.file_set = u.file_set
            and d.day = u.day
    ),

    -- Second: which of them were complete. A delivery that was cut off does not lower what is usual after it.
    {{ usual_deliveries("measured", "second") }}

    complete as (
        select m.*
        from measured as m
        left join
            second_usual as u
            on m.source_instance = u.source_instance
            and m.file_set = u.file_set
            and m.day = u.day
        where not coalesce({{ is_small_delivery("m.n_rows", "u.n_usual", "u.spread") }}, false)
    ),

    -- Third: what is usual by the complete ones.
    {{ usual_deliveries("complete", "third", most=threshold("small_delivery_baseline")) }}

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
            u.spread,
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
                else cast(1 as double)
            end as n_usual
        from third_usual as u
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
        else {{ is_small_delivery("n.n_rows", "u.n_usual", "u.spread") }}
    end as is_small
from numbered as n
left join expected as u on n.source_instance = u.source_instance and n.file_set = u.file_set and n.day = u.day
