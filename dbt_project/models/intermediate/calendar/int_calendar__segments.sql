-- One row per calendar and stretch of one UTC day in which the calendar keeps one state.
-- States are open, closed and unknown. The sums of open and of unknown seconds until the begin of a segment
-- answer how long a calendar was open between two moments by two look-ups: it is known where both moments
-- have the same sum of unknown seconds.
with
    boundaries as (
        select calendar_key, starts_at as moment, state, 1 as change
        from {{ ref("int_calendar__stretches") }}
        where starts_at < ends_at
        union all
        select calendar_key, ends_at, state, -1
        from {{ ref("int_calendar__stretches") }}
        where starts_at < ends_at
        union all
        select distinct h.calendar_key, cast(d.day as timestamp), 'open', 0
        from {{ ref("int_calendar__hours") }} as h
        inner join {{ ref("int_calendar__days") }} as d on h.centre = d.centre
        where cast(d.day as timestamp) >= d.horizon_start
    ),

    changes as (
        select
            calendar_key,
            moment,
            {% for state in ["open", "closed", "unknown"] %}
                sum(case when state = '{{ state }}' then change else 0 end) as {{ state }}_change
                {% if not loop.last %},{% endif %}
            {% endfor %}
        from boundaries
        group by calendar_key, moment
    ),

    sums as (
        select
            calendar_key,
            moment as starts_at,
            {% for state in ["open", "closed", "unknown"] %}
                sum({{ state }}_change) over (
                    partition by calendar_key order by moment nulls last rows unbounded preceding
                ) as n_{{ state }},
            {% endfor %}
            lead(moment) over (partition by calendar_key order by moment nulls last) as ends_at
        from changes
    ),

    segments as (
        select
            calendar_key,
            starts_at,
            ends_at,
            {{ dbt.datediff("starts_at", "ends_at", "second") }} as seconds,
            case
                when n_closed > 0
                then 'closed'
                when n_open > 0
                then 'open'
                when n_unknown > 0
                then 'unknown'
                else 'closed'
            end as state
        from sums
        where ends_at is not null
    )

select
    calendar_key,
    cast(starts_at as date) as day,
    starts_at,
    ends_at,
    state,
    {% for name in ["open", "unknown"] %}
        coalesce(
            sum(case when state = '{{ name }}' then seconds end) over (
                partition by calendar_key
                order by starts_at nulls last
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as {{ name }}_seconds_before
        {% if not loop.last %},{% endif %}
    {% endfor %}
from segments
