-- One row per source instance, team, reason, channel and day: contacts and cases, by what is known of their
-- reason.
with
    findings as (
        select
            {{ contact_dimensions("c") }},
            c.reason is null
            or lower(c.reason) in {{ vague_words() }}
            -- A vague reason at entry that becomes a precise one was found out, not changed.
            or coalesce(
                c.reason_entry <> c.reason_close and lower(c.reason_entry) not in {{ vague_words() }}, false
            ) as is_affected,
            false as is_undecidable
        from {{ ref("int_contact__enriched") }} as c
        union all
        select
            {{ case_dimensions("c", "s") }}, c.reason is null or lower(c.reason) in {{ vague_words() }}, false
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        where not coalesce(c.is_deleted, false)
    )

    {{ counted("findings") }}
