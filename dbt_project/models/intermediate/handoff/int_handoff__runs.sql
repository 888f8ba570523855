-- One row per case or contact chain, variant and run: an unbroken stay with one team.
-- Variant `raw` keeps every stay; `settled` first drops stays too short to have meant anything.
with
    stays as (
        select
            s.*,
            row_number() over (
                partition by source_instance, unit_type, unit_id order by started_at, step_order, team_id
            ) as stay_seq
        from {{ ref("int_handoff__steps") }} as s
    ),

    raw_runs as ({{ runs_of("stays", "raw") }}),

    timed as (
        select
            r.*,
            run_seq as stay_seq,
            lead(started_at) over (
                partition by source_instance, unit_type, unit_id order by run_seq
            ) as next_at
        from raw_runs as r
    ),

    settled_stays as (
        select centre, source_instance, unit_type, unit_id, team_id, started_at, stay_seq
        from timed
        where
            next_at is null
            or {{ dbt.datediff("started_at", "next_at", "second") }}
            >= {{ threshold("ping_pong_min_dwell_seconds") }}
    ),

    settled_runs as ({{ runs_of("settled_stays", "settled") }})

select centre, source_instance, unit_type, unit_id, variant, run_seq, team_id, started_at
from raw_runs
union all
select centre, source_instance, unit_type, unit_id, variant, run_seq, team_id, started_at
from settled_runs
