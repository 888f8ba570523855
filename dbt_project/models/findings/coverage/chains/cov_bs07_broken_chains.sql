-- One row per source instance, team, reason, channel and day: contacts, and legs without a contact.
-- A contact's chain is broken where its own record never came, or its agent was on another call meanwhile.
with
    calls as (
        select
            l.contact_key,
            l.answered_at,
            lag(l.ended_at) over (
                partition by l.source_instance, l.agent_id
                order by l.answered_at nulls last, l.contact_id nulls last, l.leg_seq nulls last
            ) as busy_until_at
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_entity__contacts") }} as c on l.contact_key = c.contact_key
        where
            {{ is_word("c.channel", "contacts.channel", ["voice"]) }}
            and l.agent_id is not null
            and l.answered_at is not null
    ),

    -- Times are rounded to seconds by many systems, up or down.
    overlapping_calls as (
        select distinct contact_key
        from calls
        where {{ dbt.datediff("answered_at", "busy_until_at", "second") }} > 1
    ),

    findings as (
        select
            c.centre,
            c.source_instance,
            coalesce(o.first_team_id, '(unknown)') as team,
            coalesce(o.reason, '(unknown)') as reason,
            coalesce(c.channel, '(unknown)') as channel,
            o.started_date as event_date,
            not coalesce(c.is_recorded, true) or p.contact_key is not null as is_affected,
            false as is_undecidable
        from {{ ref("int_entity__contacts") }} as c
        inner join {{ ref("int_contact__enriched") }} as o on c.contact_key = o.contact_key
        left join overlapping_calls as p on c.contact_key = p.contact_key
        union all
        select
            l.centre,
            l.source_instance,
            coalesce(l.team_id, '(unknown)'),
            '(unknown)',
            '(unknown)',
            cast({{ local_time("l.started_at", "s.time_zone") }} as date),
            true,
            false
        from {{ ref("int_contact__legs") }} as l
        inner join {{ ref("int_source__spans") }} as s on l.source_instance = s.source_instance
        left join {{ ref("int_entity__contacts") }} as c on l.contact_key = c.contact_key
        where c.contact_key is null
    )

    {{ counted("findings") }}
