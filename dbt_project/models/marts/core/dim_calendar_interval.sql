-- One row per calendar and longest stretch in which it is open, or may be.
-- Days before and after those that calendars are computed for have no row: nothing is known of them.
with
    segments as (
        select
            calendar_key,
            starts_at,
            ends_at,
            state,
            case
                when
                    lag(ends_at) over (partition by calendar_key order by starts_at nulls last) = starts_at
                    and lag(state) over (partition by calendar_key order by starts_at nulls last) = state
                then 0
                else 1
            end as begins_here
        from {{ ref("int_calendar__segments") }}
        where state <> 'closed'
    ),

    numbered as (
        select
            *,
            sum(begins_here) over (
                partition by calendar_key order by starts_at nulls last rows unbounded preceding
            ) as interval_seq
        from segments
    ),

    calendars as (
        select calendar_key, centre, calendar_id, min(time_zone) as time_zone
        from {{ ref("int_calendar__hours") }}
        group by calendar_key, centre, calendar_id
    )

select
    c.centre,
    c.calendar_id,
    c.time_zone,
    min(n.starts_at) as opens_at,
    max(n.ends_at) as closes_at,
    case when n.state = 'open' then true end as is_open
from numbered as n
inner join calendars as c on n.calendar_key = c.calendar_key
group by c.centre, c.calendar_id, c.time_zone, n.interval_seq, n.state
