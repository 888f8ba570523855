-- One row per case, policy, metric and moment with events of its clock, with the number of the clock they
-- are of.
-- A start begins a new clock. Events of one moment have no order: an end at the moment of a start ends the
-- clock that was running, if one was; a start and an end at one moment leave it as it was, and so do a pause
-- and a resumption.
with
    instants as (
        select
            {{ hash_key(["'sla'", "case_key", "policy_id", "metric"]) }} as sla_key,
            centre,
            source_instance,
            case_key,
            case_id,
            policy_id,
            metric,
            event_at,
            {% for event in ["start", "pause", "resume", "met", "cancelled", "breached"] %}
                max(case when event = '{{ event }}' then 1 else 0 end) as is_{{ event }},
            {% endfor %}
            max(case when event in ('met', 'cancelled') then 1 else 0 end) as is_end,
            max(case when event = 'pause' then pause_reason end) as pause_reason
        from {{ ref("int_entity__sla_events") }}
        group by centre, source_instance, case_key, case_id, policy_id, metric, event_at
    ),

    numbered as (
        select
            *,
            row_number() over (partition by sla_key order by event_at nulls last) as instant_seq,
            coalesce(
                sum(is_start) over (
                    partition by sla_key
                    order by event_at nulls last
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ) as n_starts_before
        from instants
    ),

    states as (
        select
            *,
            -- Whether the last moment with either a start or an end had a start.
            coalesce(
                max(case when is_start <> is_end then 2 * instant_seq + is_start end) over (
                    partition by sla_key
                    order by instant_seq nulls last
                    rows between unbounded preceding and 1 preceding
                )
                % 2,
                0
            ) as was_running
        from numbered
    )

select *, n_starts_before + case when was_running = 1 then 0 else is_start end as clock_seq
from states
