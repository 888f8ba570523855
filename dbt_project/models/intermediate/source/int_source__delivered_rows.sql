-- One row per delivered file and entity: the day that it counts on, and the rows that it held.
-- Of a refused text the lines are known; of anything else its size tells how many rows of the usual length it
-- held, and without that the usual number stands in.
with
    files as (
        select
            d.*,
            cast({{ local_time("d.delivered_at", "s.time_zone") }} as date) as delivered_date,
            s.first_date,
            s.last_date,
            c.last_date as last_date_of_centre,
            case when d.status = 'landed' then d.n_read end as n_landed_rows,
            case when d.status = 'landed' and d.n_bytes > 0 then d.n_read end as n_sized_rows,
            case when d.status = 'landed' and d.n_bytes > 0 then d.n_bytes end as n_sized_bytes
        from {{ ref("stg_faultline__deliveries") }} as d
        inner join {{ ref("int_source__spans") }} as s on d.source_instance = s.source_instance
        inner join
            (
                select centre, max(last_date) as last_date from {{ ref("int_source__spans") }} group by centre
            ) as c
            on d.centre = c.centre
    )

select
    centre,
    source_instance,
    entity,
    delivery_id,
    -- A file delivered before the first or after the last event of its source counts on that day. A source
    -- without events counts on the last day of its centre; without any, on the day of delivery.
    case
        when last_date is not null
        then least(greatest(delivered_date, first_date), last_date)
        else coalesce(last_date_of_centre, delivered_date)
    end as day,
    status = 'landed' as is_landed,
    n_quarantined,
    n_columns_missing,
    greatest(
        case
            when status = 'landed'
            then n_read
            when n_lines > 0
            then n_lines
            else
                coalesce(
                    round(
                        cast(n_bytes as {{ dbt.type_float() }})
                        * sum(n_sized_rows) over (partition by source_instance, entity)
                        / nullif(sum(n_sized_bytes) over (partition by source_instance, entity), 0)
                    ),
                    avg(n_landed_rows) over (partition by source_instance, entity),
                    1
                )
        end,
        1
    ) as n_rows
from files
