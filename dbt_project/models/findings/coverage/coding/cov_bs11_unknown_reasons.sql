-- One row per source instance, team, reason, channel and day: contacts and cases whose reason is unknown or
-- unstable.
with
    -- A vague reason at entry that becomes a telling one was not changed but found out.
    findings as (
        select
            centre,
            source_instance,
            coalesce(first_team_id, '(unknown)') as team,
            coalesce(reason, '(unknown)') as reason,
            coalesce(channel, '(unknown)') as channel,
            started_date as event_date,
            reason is null
            or lower(reason) in {{ vague_words() }}
            or coalesce(
                reason_entry <> reason_close and lower(reason_entry) not in {{ vague_words() }}, false
            ) as is_affected,
            false as is_undecidable
        from {{ ref("int_contact__outcomes") }}
        union all
        select
            c.centre,
            c.source_instance,
            coalesce(c.group_id, '(unknown)'),
            coalesce(c.reason, '(unknown)'),
            coalesce(c.channel, '(unknown)'),
            cast({{ local_time("c.opened_at", "s.time_zone") }} as date),
            c.reason is null or lower(c.reason) in {{ vague_words() }},
            false
        from {{ ref("int_case__outcomes") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        where not coalesce(c.is_deleted, false)
    )

    {{ counted("findings") }}
