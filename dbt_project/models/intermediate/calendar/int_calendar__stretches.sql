-- One row per calendar and stretch of UTC that an opening or a holiday covers, within the calendar's days.
-- A wall-clock time means the first moment at which the clock shows it or a later one. So an opening loses
-- the hour that the clock skips, and keeps the hour that it shows twice.
with
    horizons as (select distinct centre, horizon_start, horizon_end from {{ ref("int_calendar__days") }}),

    wall_clock_times as (
        select centre, time_zone, local_start as local_at
        from {{ ref("int_calendar__openings") }}
        union
        select centre, time_zone, local_end
        from {{ ref("int_calendar__openings") }}
    ),

    candidates as (
        select
            w.centre,
            w.time_zone,
            w.local_at,
            o.valid_from,
            o.valid_to,
            {{ dbt.dateadd("second", "-1 * o.offset_seconds", "w.local_at") }} as moment
        from wall_clock_times as w
        inner join
            {{ ref("int_calendar__offsets") }} as o on w.centre = o.centre and w.time_zone = o.time_zone
    ),

    moments as (
        select centre, time_zone, local_at, min(greatest(valid_from, moment)) as moment
        from candidates
        where moment < valid_to
        group by centre, time_zone, local_at
    )

select
    o.calendar_key,
    o.state,
    greatest(s.moment, o.valid_from, h.horizon_start) as starts_at,
    least(e.moment, o.valid_to, h.horizon_end) as ends_at
from {{ ref("int_calendar__openings") }} as o
inner join horizons as h on o.centre = h.centre
inner join moments as s on o.centre = s.centre and o.time_zone = s.time_zone and o.local_start = s.local_at
inner join moments as e on o.centre = e.centre and o.time_zone = e.time_zone and o.local_end = e.local_at
union
-- A calendar of an unknown time zone is unknown at all times.
select c.calendar_key, 'unknown', h.horizon_start, h.horizon_end
from {{ ref("int_calendar__hours") }} as c
inner join horizons as h on c.centre = h.centre
where c.time_zone is null
