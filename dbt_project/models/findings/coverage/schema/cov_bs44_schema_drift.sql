-- One row per source instance and day of delivery: rows of all files, and how many of them are lost or lack
-- a column.
-- Those are rows of files without a mapped column, rows that did not fit, and files that were refused whole.
-- New columns do not count: nothing is lost with them, and the run names them when they first come.
with
    deliveries as (
        select
            d.centre,
            d.source_instance,
            d.entity,
            -- A file delivered before the first or after the last event of its source counts on that day. The
            -- last day of the centre stands in for a source without events; without any, the day of delivery.
            case
                when s.last_date is not null
                then
                    least(
                        greatest(
                            cast({{ local_time("d.delivered_at", "s.time_zone") }} as date), s.first_date
                        ),
                        s.last_date
                    )
                else coalesce(c.last_date, cast({{ local_time("d.delivered_at", "s.time_zone") }} as date))
            end as day,
            d.status = 'landed' as is_landed,
            d.n_quarantined,
            d.n_columns_missing,
            -- Of a refused text the lines are known; of anything else its size tells how many rows of
            -- the usual length it held, and without that the usual number stands in.
            greatest(
                case
                    when d.status = 'landed'
                    then d.n_read
                    when d.n_lines > 0
                    then d.n_lines
                    else
                        coalesce(
                            round(
                                cast(d.n_bytes as {{ dbt.type_float() }}) * sum(
                                    case when d.status = 'landed' and d.n_bytes > 0 then d.n_read end
                                ) over (partition by d.source_instance, d.entity)
                                / nullif(
                                    sum(
                                        case when d.status = 'landed' and d.n_bytes > 0 then d.n_bytes end
                                    ) over (partition by d.source_instance, d.entity),
                                    0
                                )
                            ),
                            avg(case when d.status = 'landed' then d.n_read end) over (
                                partition by d.source_instance, d.entity
                            ),
                            1
                        )
                end,
                1
            ) as n_rows
        from {{ ref("stg_faultline__deliveries") }} as d
        inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
        inner join
            (
                select centre, max(last_date) as last_date from {{ ref("int_source__spans") }} group by centre
            ) as c
            on d.centre = c.centre
    ),

    entities as (
        select
            centre,
            source_instance,
            day,
            entity,
            sum(n_rows) as n_rows,
            sum(
                case when not is_landed or n_columns_missing > 0 then n_rows else n_quarantined end
            ) as n_affected,
            max(case when is_landed then 1 else 0 end) = 0 as is_lost
        from deliveries
        group by 1, 2, 3, 4
    ),

    -- Where all that arrived of an entity was refused, nothing of the source can be read on that day.
    days as (
        select
            centre,
            source_instance,
            day,
            sum(n_rows) as n_rows,
            case
                when max(case when is_lost then 1 else 0 end) = 1
                then sum(n_rows)
                else sum(least(n_affected, n_rows))
            end as n_affected
        from entities
        group by 1, 2, 3
    )

select
    {{ source_dimensions("d", "day") }},
    cast(d.n_affected as bigint) as n_affected,
    cast(0 as bigint) as n_undecidable,
    cast(d.n_rows as bigint) as n_total
from days as d
