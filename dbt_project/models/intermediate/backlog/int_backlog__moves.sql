-- One row per centre, team, reason, age band and local day with cases that came or went.
-- A case passes from band to band with its age, which is neither inflow nor outflow of its team.
{% set bands = [
    ("under 1 day", 0, 1),
    ("1 to 3 days", 1, 3),
    ("3 to 7 days", 3, 7),
    ("7 to 30 days", 7, 30),
    ("30 days or more", 30, none),
] %}
{% set end_of_time = "timestamp '9999-12-31 00:00:00'" %}
with
    pieces as (
        {% for band, first, last in bands %}
            select
                *,
                '{{ band }}' as age_band,
                greatest(starts_at, {{ dbt.dateadd("day", first, "opened_at") }}) as piece_start,
                {% if last is none %} ends_at
                {% else %} least(ends_at, {{ dbt.dateadd("day", last, "opened_at") }})
                {% endif %} as piece_end
            from {{ ref("int_backlog__stays") }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    moves as (
        {% for moment, sign in [
            ("piece_start", 1),
            ("piece_end", -1),
            ("overdue_start", 0),
            ("overdue_end", 0),
        ] %}
            select
                centre,
                team_id,
                reason,
                age_band,
                cast({{ local_time(moment, "time_zone") }} as date) as day,
                {% if sign %}
                    case when is_open then {{ sign }} else 0 end as open_change,
                    case when is_open then 0 else {{ sign }} end as undecidable_change,
                    0 as overdue_change,
                    case
                        when is_open and {{ "piece_start = starts_at" if sign == 1 else "false" }}
                        then 1
                        else 0
                    end as came,
                    case
                        when is_open and {{ "piece_end = ends_at" if sign == -1 else "false" }} then 1 else 0
                    end as went
                {% else %}
                    0 as open_change,
                    0 as undecidable_change,
                    {{ 1 if moment == "overdue_start" else -1 }} as overdue_change,
                    0 as came,
                    0 as went
                {% endif %}
            from
                (
                    select
                        *, greatest(piece_start, first_breached_at) as overdue_start, piece_end as overdue_end
                    from pieces
                    where piece_start < coalesce(piece_end, {{ end_of_time }})
                ) as p
            where
                {{ moment }} is not null
                {% if not sign %}
                    and is_open and first_breached_at < coalesce(piece_end, {{ end_of_time }})
                {% endif %}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select
    centre,
    team_id,
    reason,
    age_band,
    day,
    sum(open_change) as open_change,
    sum(undecidable_change) as undecidable_change,
    sum(overdue_change) as overdue_change,
    sum(came) as n_in,
    sum(went) as n_out
from moves
group by centre, team_id, reason, age_band, day
