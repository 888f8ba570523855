-- One row per case or contact chain, variant and run: an unbroken stay with one team.
-- Variant `raw` keeps every stay; `settled` first drops stays too short to have meant anything.
with
    raw_runs as ({{ runs_of(ref("int_handoff__steps"), "raw") }}),

    timed_runs as (
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
    unsettled_units as (select unit_key from timed_runs group by unit_key having max(is_short) = 1),

    settled_stays as (
        select
            j.unit_key,
            j.centre,
            j.source_instance,
            j.unit_type,
            j.unit_id,
            j.team_id,
            j.started_at,
            j.run_seq as step_order
        from timed_runs as j
        inner join unsettled_units as u on j.unit_key = u.unit_key
        where j.is_short = 0
    ),

    settled_runs as ({{ runs_of("settled_stays", "settled") }})

select unit_key, centre, source_instance, unit_type, unit_id, variant, run_seq, team_id, started_at
from raw_runs
union all
select
    r.unit_key,
    r.centre,
    r.source_instance,
    r.unit_type,
    r.unit_id,
    'settled' as variant,
    r.run_seq,
    r.team_id,
    r.started_at
from raw_runs as r
left join unsettled_units as u on r.unit_key = u.unit_key
where u.unit_key is null
union all
select unit_key, centre, source_instance, unit_type, unit_id, variant, run_seq, team_id, started_at
from settled_runs
