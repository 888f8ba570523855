-- One row per centre, time zone of its calendars and period in which clocks of the zone kept their distance
-- to UTC.
-- Only on days on which the distance changes is each minute looked at.
with
    zones as (
        select distinct centre, time_zone from {{ ref("int_calendar__hours") }} where time_zone is not null
    ),

    midnights as (
        select z.centre, z.time_zone, cast(d.day as timestamp) as moment
        from zones as z
        inner join {{ ref("int_calendar__days") }} as d on z.centre = d.centre
    ),

    changing_days as (
        select centre, time_zone, moment
        from midnights
        where
            {{ offset_seconds("moment", "time_zone") }}
            <> {{ offset_seconds(dbt.dateadd("day", 1, "moment"), "time_zone") }}
    ),

    minutes as (
        select
            c.centre,
            c.time_zone,
            {{ dbt.dateadd("minute", "n.n", "c.moment") }} as before,
            {{ dbt.dateadd("minute", "n.n + 1", "c.moment") }} as moment
        from changing_days as c
        inner join ({{ numbers(4) }}) as n on n.n < 1440
    ),

    beginnings as (
        select centre, time_zone, moment
        from minutes
        where {{ offset_seconds("before", "time_zone") }} <> {{ offset_seconds("moment", "time_zone") }}
        union all
        select centre, time_zone, {{ dbt.dateadd("day", -2, "min(moment)") }}
        from midnights
        group by centre, time_zone
    )

select
    centre,
    time_zone,
    moment as valid_from,
    coalesce(
        lead(moment) over (partition by centre, time_zone order by moment nulls last),
        timestamp '9999-12-31 00:00:00'
    ) as valid_to,
    {{ offset_seconds("moment", "time_zone") }} as offset_seconds
from beginnings
