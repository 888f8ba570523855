-- One row per source instance and day of its span, days without any event included. A span longer than
-- 10,000 days keeps its newest ones.
with
    digits as (
        {% for d in range(10) %}
            select {{ d }} as d
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    numbers as (
        select a.d + 10 * b.d + 100 * c.d + 1000 * e.d as n
        from digits as a
        cross join digits as b
        cross join digits as c
        cross join digits as e
    )

select
    s.centre,
    s.source_instance,
    s.time_zone,
    cast({{ dbt.dateadd("day", "-1 * numbers.n", "s.last_date") }} as date) as day
from {{ ref("int_source__spans") }} as s
inner join numbers on numbers.n <= {{ dbt.datediff("s.first_date", "s.last_date", "day") }}
