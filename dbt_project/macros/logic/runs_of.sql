{# Joins neighbouring stays of one team into runs, numbered from 1, each with the beginning of the next one.
   A run begins where the team before was another one, so that its first stay stands for it. #}
{% macro runs_of(stays, variant) %}
    select
        unit_key,
        centre,
        source_instance,
        unit_type,
        unit_id,
        '{{ variant }}' as variant,
        team_id,
        started_at,
        cast(
            row_number() over (
                partition by unit_key
                order by started_at nulls last, step_order nulls last, team_id nulls last
            ) as bigint
        ) as run_seq,
        lead(started_at) over (
            partition by unit_key order by started_at nulls last, step_order nulls last, team_id nulls last
        ) as next_at
    from
        (
            select
                s.*,
                lag(team_id) over (
                    partition by unit_key
                    order by started_at nulls last, step_order nulls last, team_id nulls last
                ) as previous_team_id
            from {{ stays }} as s
        ) as compared
    where previous_team_id is null or previous_team_id <> team_id
{% endmacro %}
