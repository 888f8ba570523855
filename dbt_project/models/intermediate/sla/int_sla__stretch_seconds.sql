-- One row per clock and stretch, with its seconds by the wall and by the calendar of the policy.
with
    moments as (
        select calendar_key, starts_at as moment
        from {{ ref("int_sla__stretches") }}
        union
        select calendar_key, ends_at
        from {{ ref("int_sla__stretches") }}
    ),

    sums as (
        select
            m.calendar_key,
            m.moment,
            {% for state in ["open", "unknown"] %}
                g.{{ state }}_seconds_before + case
                    when g.state = '{{ state }}'
                    then {{ dbt.datediff("g.starts_at", "m.moment", "second") }}
                    else 0
                end as {{ state }}_seconds,
            {% endfor %}
            cast(m.moment as date) as day
        from moments as m
        inner join
            {{ ref("int_calendar__segments") }} as g
            on m.calendar_key = g.calendar_key
            and cast(m.moment as date) = g.day
            and m.moment >= g.starts_at
            and m.moment < g.ends_at
    ),

    seconds as (
        select
            s.*,
            b.open_seconds as open_seconds_before,
            {{ dbt.datediff("s.starts_at", "s.ends_at", "second") }} as calendar_seconds,
            case
                when b.unknown_seconds = e.unknown_seconds then e.open_seconds - b.open_seconds
            end as business_seconds
        from {{ ref("int_sla__stretches") }} as s
        left join sums as b on s.calendar_key = b.calendar_key and s.starts_at = b.moment
        left join sums as e on s.calendar_key = e.calendar_key and s.ends_at = e.moment
    ),

    counted as (
        select
            *,
            case
                when is_paused
                then 0
                when clock = 'calendar'
                then calendar_seconds
                when clock = 'business'
                then business_seconds
            end as counted_seconds
        from seconds
    )

select
    *,
    -- A stretch of unknown length leaves all later sums unknown.
    case
        when
            count(*) over (partition by clock_key order by stretch_seq nulls last rows unbounded preceding)
            = count(counted_seconds) over (
                partition by clock_key order by stretch_seq nulls last rows unbounded preceding
            )
        then
            sum(counted_seconds) over (
                partition by clock_key order by stretch_seq nulls last rows unbounded preceding
            )
    end as counted_until_end
from counted
