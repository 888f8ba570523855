-- One row per source instance and day of delivery: rows of all files, and how many of them are lost or lack
-- a column.
-- Those are rows of files without a mapped column, rows that did not fit, and files that were refused whole.
-- New columns do not count: nothing is lost with them, and the run names them when they first come.
with
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
        from {{ ref("int_source__delivered_rows") }}
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
