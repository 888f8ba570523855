-- One row per clock of a service level: its target, how long it ran, and whether it was met.
-- The target is that of the start. A clock that used up exactly its target is met, and one that is over it is
-- breached, whether it ended or not. Where target or time are unknown, what the source recorded decides.
with
    totals as (
        select
            clock_key,
            sum(calendar_seconds) as elapsed_seconds,
            case
                when count(*) = count(business_seconds) then sum(business_seconds)
            end as elapsed_business_seconds,
            sum(case when is_paused then calendar_seconds else 0 end) as paused_seconds,
            case when count(*) = count(counted_seconds) then sum(counted_seconds) end as counted_seconds
        from {{ ref("int_sla__stretch_seconds") }}
        group by clock_key
    ),

    pauses as (
        select
            clock_key,
            count(*) as n_pauses,
            case
                when count(*) = count(has_contact) then count(*) filter (where not has_contact)
            end as n_suspicious_pauses
        from {{ ref("int_sla__pauses") }}
        group by clock_key
    ),

    clocks as (
        select
            c.*,
            s.priority as priority_at_start,
            s.target_seconds,
            s.clock,
            t.elapsed_seconds,
            t.elapsed_business_seconds,
            t.paused_seconds,
            t.counted_seconds,
            case
                when e.target_seconds > s.target_seconds or l.target_seconds > s.target_seconds
                then true
                when s.has_priority_history and e.target_seconds <= s.target_seconds
                then false
            end as is_loosened_after_start,
            case
                when t.counted_seconds > s.target_seconds
                then false
                -- The last event of the source may be the breach itself.
                when
                    c.ended_at is null
                    and c.breach_recorded_at is not null
                    and t.counted_seconds = s.target_seconds
                then false
                when t.counted_seconds is null or s.target_seconds is null
                then
                    case
                        when c.met_at <= coalesce(c.breach_recorded_at, c.met_at)
                        then true
                        when
                            c.breach_recorded_at
                            < coalesce(c.ended_at, {{ dbt.dateadd("second", 1, "c.breach_recorded_at") }})
                            or c.met_at is not null
                        then false
                    end
                when c.ended_at is not null and (c.cancelled_at is null or c.met_at <= c.cancelled_at)
                then true
            end as is_met
        from {{ ref("int_sla__clocks") }} as c
        inner join {{ ref("int_sla__policies") }} as s on c.clock_key = s.clock_key and s.side = 'start'
        inner join {{ ref("int_sla__policies") }} as e on c.clock_key = e.clock_key and e.side = 'end'
        inner join totals as t on c.clock_key = t.clock_key
        left join {{ ref("int_sla__later_targets") }} as l on c.clock_key = l.clock_key
    )

select
    c.*,
    case when not c.is_met then coalesce(d.due_at, c.breach_recorded_at) end as breached_at,
    coalesce(p.n_pauses, 0) as n_pauses,
    case when p.clock_key is null then 0 else p.n_suspicious_pauses end as n_suspicious_pauses
from clocks as c
left join {{ ref("int_sla__dues") }} as d on c.clock_key = d.clock_key
left join pauses as p on c.clock_key = p.clock_key
