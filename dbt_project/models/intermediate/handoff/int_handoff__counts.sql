-- One row per case or contact chain with a known team: handoffs and returns, raw and settled.
-- A direct return is a team that comes back after one other (A, B, A); any return
-- counts every run beyond the number of distinct teams.
{% set variants = [("raw", ""), ("settled", "_settled")] %}
with
    teams as (
        select unit_key, variant, team_id, count(*) as n_runs
        from {{ ref("int_handoff__runs") }}
        group by unit_key, variant, team_id
    ),

    units as (
        select
            unit_key,
            {% for variant, suffix in variants %}
                count(*) filter (where variant = '{{ variant }}') as n_teams{{ suffix }},
                cast(
                    coalesce(sum(n_runs) filter (where variant = '{{ variant }}'), 0) as bigint
                ) as n_runs{{ suffix }}
                {% if not loop.last %}, {% endif %}
            {% endfor %}
        from teams
        group by unit_key
    ),

    direct_returns as (
        select
            later.unit_key,
            {% for variant, suffix in variants %}
                count(*) filter (where later.variant = '{{ variant }}') as n_returns_direct{{ suffix }}
                {% if not loop.last %}, {% endif %}
            {% endfor %}
        from {{ ref("int_handoff__runs") }} as later
        inner join
            {{ ref("int_handoff__runs") }} as earlier
            on later.unit_key = earlier.unit_key
            and later.variant = earlier.variant
            and later.team_id = earlier.team_id
            and later.run_seq = earlier.run_seq + 2
        where later.run_seq > 2
        group by later.unit_key
    )

select
    u.unit_key,
    u.n_teams,
    {% for variant, suffix in variants %}
        u.n_runs{{ suffix }} - 1 as n_handoffs{{ suffix }},
        coalesce(r.n_returns_direct{{ suffix }}, 0) as n_returns_direct{{ suffix }},
        u.n_runs{{ suffix }} - u.n_teams{{ suffix }} as n_returns_any{{ suffix }}
        {% if not loop.last %}, {% endif %}
    {% endfor %}
from units as u
left join direct_returns as r on u.unit_key = r.unit_key
