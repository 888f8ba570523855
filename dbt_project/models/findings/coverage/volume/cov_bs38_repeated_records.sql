-- One row per source instance and day: records received, and how many of them repeat one already received.
select
    {{ source_dimensions("d") }},
    cast(sum(d.n_received - d.n_distinct) as bigint) as n_affected,
    cast(0 as bigint) as n_undecidable,
    cast(sum(d.n_received) as bigint) as n_total
from {{ ref("int_source__daily_counts") }} as d
group by d.centre, d.source_instance, d.event_date
