-- One row per case or contact chain with a known team: handoffs and returns, raw and settled.
-- A direct return is a team that comes back after one other (A, B, A); any return
-- counts every run beyond the number of distinct teams.
with
    runs as (
        select
            r.*,
            lag(team_id, 2) over (
                partition by source_instance, unit_type, unit_id, variant order by run_seq
            ) as team_before_last
        from {{ ref("int_handoff__runs") }} as r
    )

select
    centre,
    source_instance,
    unit_type,
    unit_id,
    count(distinct team_id) filter (where variant = 'raw') as n_teams,
    {% for variant, suffix in [("raw", ""), ("settled", "_settled")] %}
        count(*) filter (where variant = '{{ variant }}') - 1 as n_handoffs{{ suffix }},
        count(*) filter (
            where variant = '{{ variant }}' and team_id = team_before_last
        ) as n_returns_direct{{ suffix }},
        count(*) filter (where variant = '{{ variant }}')
        - count(distinct team_id) filter (where variant = '{{ variant }}') as n_returns_any{{ suffix }}
        {% if not loop.last %}, {% endif %}
    {% endfor %}
from runs
group by centre, source_instance, unit_type, unit_id
