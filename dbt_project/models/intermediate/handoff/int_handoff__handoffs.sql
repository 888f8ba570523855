-- One row per handoff of a case or contact chain from one team to the next.
with
    runs as (
        select
            r.*,
            lag(team_id) over (partition by unit_key order by run_seq nulls last) as from_team_id,
            lag(started_at) over (partition by unit_key order by run_seq nulls last) as from_started_at,
            min(run_seq) over (partition by unit_key, team_id) as first_run_seq
        from {{ ref("int_handoff__runs") }} as r
        where variant = 'raw'
    )

select
    unit_key,
    centre,
    source_instance,
    unit_type,
    unit_id,
    run_seq - 1 as handoff_seq,
    from_team_id,
    team_id as to_team_id,
    started_at as handed_at,
    case when unit_type = 'case' then 'reassign' else 'transfer' end as kind,
    run_seq > first_run_seq as returns_to_earlier,
    cast({{ dbt.datediff("from_started_at", "started_at", "second") }} as bigint) as dwell_seconds
from runs
where run_seq > 1
