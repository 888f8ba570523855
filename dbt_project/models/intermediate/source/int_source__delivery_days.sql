-- One row per source instance, file set and local day of delivery: what arrived, and in which rhythm.
-- All files of a day count together, because small ones say little alone. Deliveries of one rhythm can be
-- compared: those of one weekday (0 is Monday), or those that come six days or more after the one before and
-- hold about a week or longer (7). The first delivery may hold all that came before it, so its rhythm is 7.
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

    numbered_days as (
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
    )

select
    n.*,
    case
        when previous_day is null or {{ dbt.datediff("previous_day", "day", "day") }} >= 6
        then 7
        else mod({{ dbt.datediff("cast('1970-01-05' as date)", "day", "day") }}, 7)
    end as rhythm
from numbered_days as n
