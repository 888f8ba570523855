-- One row per case or contact chain with a known team: handoffs and returns, raw and settled.
-- A direct return is a team that comes back after one other (A, B, A); any return
-- counts every run beyond the number of distinct teams.
{% set variants = [("raw", ""), ("settled", "_settled")] %}
with
    teams as (
        select centre, source_instance, unit_type, unit_id, variant, team_id, count(*) as n_runs
        from {{ ref("int_handoff__runs") }}
        group by centre, source_instance, unit_type, unit_id, variant, team_id
    ),

    units as (
        select
            centre,
            source_instance,
            unit_type,
            unit_id,
            {% for variant, suffix in variants %}
                count(*) filter (where variant = '{{ variant }}') as n_teams{{ suffix }},
                cast(
                    coalesce(sum(n_runs) filter (where variant = '{{ variant }}'), 0) as bigint
                ) as n_runs{{ suffix }}
                {% if not loop.last %}, {% endif %}
            {% endfor %}
        from teams
        group by centre, source_instance, unit_type, unit_id
    ),

    direct_returns as (
        select
            later.source_instance,
            later.unit_type,
            later.unit_id,
            {% for variant, suffix in variants %}
                count(*) filter (where later.variant = '{{ variant }}') as n_returns_direct{{ suffix }}
                {% if not loop.last %}, {% endif %}
            {% endfor %}
        from {{ ref("int_handoff__runs") }} as later
        inner join
            {{ ref("int_handoff__runs") }} as earlier
            on later.source_instance = earlier.source_instance
            and later.unit_type = earlier.unit_type
            and later.unit_id = earlier.unit_id
            and later.variant = earlier.variant
            and later.team_id = earlier.team_id
            and later.run_seq = earlier.run_seq + 2
        where later.run_seq > 2
        group by later.source_instance, later.unit_type, later.unit_id
    )

select
    u.centre,
    u.source_instance,
    u.unit_type,
    u.unit_id,
    u.n_teams,
    {% for variant, suffix in variants %}
        u.n_runs{{ suffix }} - 1 as n_handoffs{{ suffix }},
        coalesce(r.n_returns_direct{{ suffix }}, 0) as n_returns_direct{{ suffix }},
        u.n_runs{{ suffix }} - u.n_teams{{ suffix }} as n_returns_any{{ suffix }}
        {% if not loop.last %}, {% endif %}
    {% endfor %}
from units as u
left join
    direct_returns as r
    on u.source_instance = r.source_instance
    and u.unit_type = r.unit_type
    and u.unit_id = r.unit_id
