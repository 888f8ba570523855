-- One row per clock and stretch of time during which it ran, or was paused.
with
    changes as (
        select clock_key, started_at as moment, 0 as instant_seq, 0 as is_paused
        from {{ ref("int_sla__clocks") }}
        union all
        select c.clock_key, i.event_at, i.instant_seq, i.is_pause
        from {{ ref("int_sla__instants") }} as i
        inner join {{ ref("int_sla__clocks") }} as c on i.sla_key = c.sla_key and i.clock_seq = c.clock_seq
        where i.is_pause <> i.is_resume and i.event_at < c.watched_until_at
    ),

    states as (
        select
            *,
            lag(is_paused) over (
                partition by clock_key order by moment nulls last, instant_seq nulls first
            ) as was_paused
        from changes
    ),

    stretches as (
        select
            clock_key,
            row_number() over (
                partition by clock_key order by moment nulls last, instant_seq nulls first
            ) as stretch_seq,
            is_paused = 1 as is_paused,
            moment as starts_at,
            lead(moment) over (
                partition by clock_key order by moment nulls last, instant_seq nulls first
            ) as next_at
        from states
        where was_paused is null or was_paused <> is_paused
    )

select
    s.clock_key,
    s.stretch_seq,
    p.clock,
    p.calendar_key,
    p.target_seconds,
    s.is_paused,
    s.starts_at,
    coalesce(s.next_at, c.watched_until_at) as ends_at,
    s.next_at is not null as is_resumed
from stretches as s
inner join {{ ref("int_sla__clocks") }} as c on s.clock_key = c.clock_key
inner join {{ ref("int_sla__policies") }} as p on s.clock_key = p.clock_key and p.side = 'start'
where s.starts_at <= coalesce(s.next_at, c.watched_until_at)
