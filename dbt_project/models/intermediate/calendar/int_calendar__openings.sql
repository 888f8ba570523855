-- One row per calendar and stretch of wall-clock time that is open, closed or unknown.
-- A holiday closes its whole day, and so the end of an opening that began the evening before.
{% set midnight = "cast(d.day as timestamp)" %}
{% set days_since_monday = dbt.datediff("cast('1970-01-05' as date)", "day", "day") %}
with
    zones as (
        select distinct calendar_key, centre, calendar_id, time_zone from {{ ref("int_calendar__hours") }}
    ),

    days as (
        select centre, day, (({{ days_since_monday }}) % 7 + 7) % 7 + 1 as weekday
        from {{ ref("int_calendar__days") }}
    )

select distinct
    h.calendar_key,
    h.centre,
    h.time_zone,
    case when h.is_readable then 'open' else 'unknown' end as state,
    {{ dbt.dateadd("second", "h.opens_seconds", midnight) }} as local_start,
    {{ dbt.dateadd("second", "h.closes_seconds", midnight) }} as local_end,
    h.valid_from,
    h.valid_to
from {{ ref("int_calendar__hours") }} as h
inner join days as d on h.centre = d.centre and (h.weekday = d.weekday or h.weekday is null)
union all
select distinct
    z.calendar_key,
    z.centre,
    z.time_zone,
    'closed',
    {{ midnight }},
    {{ dbt.dateadd("day", 1, midnight) }},
    cast(null as timestamp),
    cast(null as timestamp)
from zones as z
inner join days as d on z.centre = d.centre
inner join
    {{ ref("int_entity__holidays") }} as y
    on z.centre = y.centre
    and z.calendar_id = y.calendar_id
    and d.day = y.day
