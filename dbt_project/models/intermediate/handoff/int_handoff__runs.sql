-- One row per case or contact chain, variant and run: an unbroken stay with one team.
-- Variant `raw` keeps every stay; `settled` first drops stays too short to have meant anything.
with
    raw_runs as ({{ runs_of(ref("int_handoff__steps"), "raw") }}),

    judged as (
        select
            r.*,
            case
                when
                    next_at is null
                    or {{ dbt.datediff("started_at", "next_at", "second") }}
                    >= {{ threshold("ping_pong_min_dwell_seconds") }}
                then 0
                else 1
            end as is_short
        from raw_runs as r
    ),

    -- Most units have no short stay: they are settled as they are.
    unsettled_units as (
        select source_instance, unit_type, unit_id
        from judged
        group by source_instance, unit_type, unit_id
        having max(is_short) = 1
    ),

    settled_stays as (
        select
            j.centre,
            j.source_instance,
            j.unit_type,
            j.unit_id,
            j.team_id,
            j.started_at,
            j.run_seq as step_order
        from judged as j
        inner join
            unsettled_units as u
            on j.source_instance = u.source_instance
            and j.unit_type = u.unit_type
            and j.unit_id = u.unit_id
        where j.is_short = 0
    ),

    settled_runs as ({{ runs_of("settled_stays", "settled") }})

select centre, source_instance, unit_type, unit_id, variant, run_seq, team_id, started_at
from raw_runs
union all
select
    r.centre,
    r.source_instance,
    r.unit_type,
    r.unit_id,
    'settled' as variant,
    r.run_seq,
    r.team_id,
    r.started_at
from raw_runs as r
left join
    unsettled_units as u
    on r.source_instance = u.source_instance
    and r.unit_type = u.unit_type
    and r.unit_id = u.unit_id
where u.unit_id is null
union all
select centre, source_instance, unit_type, unit_id, variant, run_seq, team_id, started_at
from settled_runs
