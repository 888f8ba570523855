-- One row per clock and moment, its start and its end, with the target in force for the priority of the
-- case then.
-- Where the history of a case holds no priority, it had the first one that is known of it.
with
    moments as (
        select clock_key, policy_key, case_key, 'start' as side, started_at as moment
        from {{ ref("int_sla__clocks") }}
        union all
        select clock_key, policy_key, case_key, 'end', watched_until_at
        from {{ ref("int_sla__clocks") }}
    ),

    histories as (
        select case_key, min(valid_from) as first_known_at
        from {{ ref("int_case__intervals") }}
        where field = 'priority'
        group by case_key
    ),

    priorities as (
        select
            m.*,
            h.case_key is not null as has_priority_history,
            case when h.case_key is null then c.priority_initial else i.value end as priority
        from moments as m
        left join histories as h on m.case_key = h.case_key
        left join
            {{ ref("int_case__intervals") }} as i
            on m.case_key = i.case_key
            and i.field = 'priority'
            and i.valid_from <= m.moment
            and (i.valid_to is null or i.valid_to > m.moment)
        left join {{ ref("int_case__enriched") }} as c on m.case_key = c.case_key
    ),

    targets as (
        select
            {{ hash_key(["'policy'", "centre", "policy_id", "metric"]) }} as policy_key,
            {{ hash_key(["'calendar'", "centre", "calendar_id"]) }} as calendar_key,
            source_instance,
            {{ folded_word("priority") }} as priority,
            target_seconds,
            clock,
            valid_from,
            valid_to
        from {{ ref("int_entity__sla_policies") }}
        where target_seconds >= 0
    ),

    choices as (
        select
            p.*,
            t.target_seconds,
            case when t.clock in ('calendar', 'business') then t.clock end as clock,
            case when t.clock = 'business' then t.calendar_key end as calendar_key,
            row_number() over (
                partition by p.clock_key, p.side
                order by
                    t.priority nulls last,
                    t.valid_from desc nulls last,
                    t.target_seconds nulls last,
                    t.source_instance nulls last
            ) as choice
        from priorities as p
        left join
            targets as t
            on p.policy_key = t.policy_key
            and (t.priority = {{ folded_word("p.priority") }} or t.priority is null)
            and (t.valid_from is null or t.valid_from <= p.moment)
            and (t.valid_to is null or t.valid_to > p.moment)
    )

select clock_key, side, has_priority_history, priority, target_seconds, clock, calendar_key
from choices
where choice = 1
