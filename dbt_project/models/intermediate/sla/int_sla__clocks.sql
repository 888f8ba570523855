-- One row per clock of a service level: what its events say of it, and until when it was watched.
-- A clock ends when it is met or cancelled, when the next one of its kind starts, or when its case closes.
with
    starts as (
        select
            centre,
            source_instance,
            case_key,
            case_id,
            policy_id,
            metric,
            sla_key,
            n_starts_before + 1 as clock_seq,
            event_at as started_at,
            lead(event_at) over (partition by sla_key order by instant_seq nulls last) as next_started_at
        from {{ ref("int_sla__instants") }}
        where is_start = 1
    ),

    endings as (
        select
            sla_key,
            clock_seq,
            min(case when is_met = 1 then event_at end) as met_at,
            min(case when is_cancelled = 1 then event_at end) as cancelled_at,
            min(case when is_breached = 1 then event_at end) as breach_recorded_at
        from {{ ref("int_sla__instants") }}
        group by sla_key, clock_seq
    ),

    clocks as (
        select
            s.*,
            e.met_at,
            e.cancelled_at,
            e.breach_recorded_at,
            coalesce(
                least(e.met_at, e.cancelled_at),
                s.next_started_at,
                -- A case that was opened again and is not closed since goes on.
                case when c.is_resolved and c.closed_at >= s.started_at then c.closed_at end
            ) as ended_at,
            p.as_of_at
        from starts as s
        inner join {{ ref("int_source__spans") }} as p on s.source_instance = p.source_instance
        left join endings as e on s.sla_key = e.sla_key and s.clock_seq = e.clock_seq
        left join {{ ref("int_case__enriched") }} as c on s.case_key = c.case_key
    )

select
    {{ hash_key(["'clock'", "sla_key", "clock_seq"]) }} as clock_key,
    {{ hash_key(["'policy'", "centre", "policy_id", "metric"]) }} as policy_key,
    c.*,
    coalesce(ended_at, as_of_at) as watched_until_at
from clocks as c
