-- One row per day on which a schedule is closed. Of a holiday of more than 100 days the first 100 count.
select distinct
    h.centre,
    h.source_instance,
    h.schedule_id as calendar_id,
    cast({{ dbt.dateadd("day", "n.n", "h.first_day") }} as date) as day,
    h.delivered_at
from {{ ref("stg_zendesk__schedule_holidays") }} as h
inner join ({{ numbers(2) }}) as n on n.n <= {{ dbt.datediff("h.first_day", "h.last_day", "day") }}
where not coalesce(h.is_deleted, false)
