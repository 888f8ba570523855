-- One row per source instance, file set and local day of delivery: what arrived, and what is usual.
-- A day is judged when no file of it was refused and it is complete: as many files as usual came, or a later
-- day has begun.
with
    -- The last day of the centre stands in for a source without events.
    last_dates as (
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
        from {{ ref("int_source__delivery_days") }} as n
        inner join last_dates as r on n.source_instance = r.source_instance
    ),

    -- The newest delivery of a source whose events end early is of an unfinished week or month. It
    -- is expected to hold the share of the Mondays to Fridays before the last event. Nothing is expected of
    -- weekends, which may be quiet, and of the day of the last event, which is itself unfinished.
    expected_deliveries as (
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
        from {{ ref("int_source__usual_deliveries") }} as u
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
from {{ ref("int_source__delivery_days") }} as n
left join
    expected_deliveries as u
    on n.source_instance = u.source_instance
    and n.file_set = u.file_set
    and n.day = u.day
