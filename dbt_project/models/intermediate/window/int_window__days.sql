-- One row per source instance and day of its span, days without any event included. A span longer than
-- 10,000 days keeps its newest ones.
with numbers as ({{ numbers(4) }})

select
    s.centre,
    s.source_instance,
    s.time_zone,
    cast({{ dbt.dateadd("day", "-1 * numbers.n", "s.last_date") }} as date) as day
from {{ ref("int_source__spans") }} as s
inner join numbers on numbers.n <= {{ dbt.datediff("s.first_date", "s.last_date", "day") }}
