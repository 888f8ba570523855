-- One row per source instance, team, reason, channel and day: cases, and changes of cases that never came.
-- A history has gaps where it is missing or torn, or contradicts how the case stands.
with
    sequences as (
        select
            source_instance,
            case_id,
            old_value,
            lag(new_value) over (
                partition by source_instance, case_id, field
                order by changed_at nulls last, change_seq nulls first
            ) as previous_value
        from {{ ref("int_entity__case_changes") }}
    ),

    torn_histories as (
        select distinct source_instance, case_id
        from sequences
        where previous_value is not null and old_value is not null and previous_value <> old_value
    ),

    findings as (
        select
            {{ case_dimensions("c", "s") }},
            not c.has_history
            or not coalesce(c.is_history_whole, true)
            or t.case_id is not null
            or coalesce(
                c.is_resolved_at_end <> {{ is_word("c.status", "cases.status", ["resolved", "closed"]) }},
                false
            )
            or coalesce(c.n_reopens <> c.vendor_reopen_count, false) as is_affected,
            false as is_undecidable
        from {{ ref("int_case__outcomes") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        left join torn_histories as t on c.source_instance = t.source_instance and c.case_id = t.case_id
        where not coalesce(c.is_deleted, false)
        union all
        -- Changes of a case that was never delivered.
        select
            h.centre,
            h.source_instance,
            '(unknown)',
            '(unknown)',
            '(unknown)',
            cast({{ local_time("min(h.changed_at)", "min(s.time_zone)") }} as date),
            true,
            false
        from {{ ref("int_entity__case_changes") }} as h
        inner join {{ ref("int_source__spans") }} as s on h.source_instance = s.source_instance
        left join
            {{ ref("int_case__outcomes") }} as c
            on h.source_instance = c.source_instance
            and h.case_id = c.case_id
        left join
            {{ ref("int_case__merges") }} as m
            on h.source_instance = m.source_instance
            and h.case_id = m.merged_case_id
        where c.case_id is null and m.case_id is null
        group by h.centre, h.source_instance, h.case_id
    )

    {{ counted("findings") }}
