{# Joins neighbouring stays of one team into runs, numbered from 1. #}
{% macro runs_of(stays, variant) %}
    select
        centre,
        source_instance,
        unit_type,
        unit_id,
        '{{ variant }}' as variant,
        team_id,
        min(started_at) as started_at,
        row_number() over (partition by source_instance, unit_type, unit_id order by min(stay_seq)) as run_seq
    from
        (
            select
                s.*,
                sum(case when s.team_id = s.previous_team_id then 0 else 1 end) over (
                    partition by s.source_instance, s.unit_type, s.unit_id
                    order by s.stay_seq
                    rows between unbounded preceding and current row
                ) as run_number
            from
                (
                    select
                        t.*,
                        lag(t.team_id) over (
                            partition by t.source_instance, t.unit_type, t.unit_id order by t.stay_seq
                        ) as previous_team_id
                    from {{ stays }} as t
                ) as s
        ) as numbered
    group by centre, source_instance, unit_type, unit_id, team_id, run_number
{% endmacro %}
