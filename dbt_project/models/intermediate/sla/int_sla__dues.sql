-- One row per clock that used up its target, with the moment at which it had.
with
    stretches as (
        select *, target_seconds - (counted_until_end - counted_seconds) as seconds_left
        from {{ ref("int_sla__stretch_seconds") }}
        where not is_paused and counted_until_end >= target_seconds
    )

select
    s.clock_key,
    min(
        case
            when s.clock = 'calendar'
            then {{ dbt.dateadd("second", "s.seconds_left", "s.starts_at") }}
            else
                greatest(
                    s.starts_at,
                    {{
                        dbt.dateadd(
                            "second",
                            "s.open_seconds_before + s.seconds_left - g.open_seconds_before",
                            "g.starts_at",
                        )
                    }}
                )
        end
    ) as due_at
from stretches as s
left join
    {{ ref("int_calendar__segments") }} as g
    on s.calendar_key = g.calendar_key
    and g.state = 'open'
    and s.open_seconds_before + s.seconds_left >= g.open_seconds_before
    and s.open_seconds_before + s.seconds_left
    <= g.open_seconds_before + {{ dbt.datediff("g.starts_at", "g.ends_at", "second") }}
where s.seconds_left >= 0
group by s.clock_key
