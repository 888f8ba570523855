-- One row per team, reason, age band and local day with open cases, or with cases that came or went.
-- An overdue case is an open one of which a clock has run out.
with
    days as (select distinct centre, day from {{ ref("int_window__days") }}),

    beginnings as (
        select centre, team_id, reason, age_band, min(day) as first_day
        from {{ ref("int_backlog__moves") }}
        group by centre, team_id, reason, age_band
    ),

    changes as (
        select *, false as is_in_span
        from {{ ref("int_backlog__moves") }}
        union all
        select b.centre, b.team_id, b.reason, b.age_band, d.day, 0, 0, 0, 0, 0, true
        from beginnings as b
        inner join days as d on b.centre = d.centre and b.first_day <= d.day
    ),

    daily_changes as (
        select
            centre,
            team_id,
            reason,
            age_band,
            day,
            bool_or(is_in_span) as is_in_span,
            {% for column in ["open_change", "undecidable_change", "overdue_change", "n_in", "n_out"] %}
                sum({{ column }}) as {{ column }} {% if not loop.last %},{% endif %}
            {% endfor %}
        from changes
        group by centre, team_id, reason, age_band, day
    ),

    sums as (
        select
            *,
            {% for name in ["open", "undecidable", "overdue"] %}
                sum({{ name }}_change) over (
                    partition by centre, team_id, reason, age_band
                    order by day nulls last
                    rows unbounded preceding
                ) as n_{{ name }}
                {% if not loop.last %},{% endif %}
            {% endfor %}
        from daily_changes
    )

select
    s.centre,
    s.team_id,
    s.reason,
    s.age_band,
    s.day,
    cast(s.n_open as bigint) as n_open,
    cast(s.n_in as bigint) as n_in,
    cast(s.n_out as bigint) as n_out,
    case when e.is_delivered then cast(s.n_overdue as bigint) end as n_overdue,
    cast(s.n_undecidable as bigint) as n_undecidable
from sums as s
left join {{ ref("int_source__entities") }} as e on s.centre = e.centre and e.entity = 'sla_events'
where s.is_in_span and (s.n_open > 0 or s.n_in > 0 or s.n_out > 0 or s.n_undecidable > 0)
