-- One row per source instance, team, reason, channel and day: cases, and changes of cases that never came.
-- A history has gaps where it is missing or torn, or contradicts how the case stands.
with
    sequences as (
        select
            case_key,
            old_value,
            lag(new_value) over (
                partition by case_key, field
                order by
                    changed_at nulls last,
                    change_seq nulls first,
                    old_value nulls first,
                    new_value nulls first
            ) as previous_value
        from {{ ref("int_entity__case_changes") }}
    ),

    torn_histories as (
        select distinct case_key
        from sequences
        where previous_value is not null and old_value is not null and previous_value <> old_value
    ),

    findings as (
        select
            {{ case_dimensions("c", "s") }},
            not c.has_history
            or not coalesce(c.is_history_whole, true)
            or t.case_key is not null
            or coalesce(
                c.is_resolved_at_end <> {{ is_word("c.status", "cases.status", ["resolved", "closed"]) }},
                false
            )
            or coalesce(c.n_reopens <> c.vendor_reopen_count, false) as is_affected,
            false as is_undecidable
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        left join torn_histories as t on c.case_key = t.case_key
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
        left join {{ ref("int_case__enriched") }} as c on h.case_key = c.case_key
        left join {{ ref("int_case__merges") }} as m on h.case_key = m.merged_case_key
        where c.case_key is null and m.merged_case_key is null
        group by h.centre, h.source_instance, h.case_key
    )

    {{ counted("findings") }}
