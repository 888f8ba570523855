-- One row per centre with calendars and day from a day before its first event until 401 days after the moment
-- looked from. Of more than 10,000 days the newest ones count.
with
    ends as (
        select
            s.centre,
            min(s.first_date) as first_date,
            greatest(max(s.last_date), max(cast(p.as_of_at as date))) as last_date
        from {{ ref("int_source__spans") }} as s
        cross join {{ ref("stg_faultline__parameters") }} as p
        where s.centre in (select centre from {{ ref("int_entity__calendars") }})
        group by s.centre
    ),

    numbers as ({{ numbers(4) }}),

    days as (
        select e.centre, cast({{ dbt.dateadd("day", "401 - numbers.n", "e.last_date") }} as date) as day
        from ends as e
        inner join numbers on numbers.n <= {{ dbt.datediff("e.first_date", "e.last_date", "day") }} + 402
    )

select
    centre,
    day,
    {{ dbt.dateadd("day", 1, "cast(min(day) over (partition by centre) as timestamp)") }} as horizon_start,
    cast(max(day) over (partition by centre) as timestamp) as horizon_end
from days
