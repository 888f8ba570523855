-- One row per source instance, team, reason, channel and day: contacts and cases of ambiguous customers.
-- What was said of a customer who may be several is not known to be one person's.
with
    plural_customers as (
        select centre, customer_id
        from {{ ref("int_journey__shared_accounts") }}
        union
        select centre, customer_id
        from {{ ref("int_identity__merges") }}
        where merged_at is null and method is distinct from 'other_id'
    ),

    identified_contacts as (
        select
            c.centre,
            c.source_instance,
            coalesce(c.first_team_id, '(unknown)') as team,
            coalesce(c.reason, '(unknown)') as reason,
            c.channel,
            c.started_date as event_date,
            coalesce(c.is_ambiguous, false) or p.customer_id is not null as is_affected,
            -- Whose number it is, and how many people's, only the CRM's records could tell.
            c.customer_id is null and not e.is_delivered as is_undecidable
        from {{ ref("int_contact__outcomes") }} as c
        inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'customers'
        left join plural_customers as p on c.centre = p.centre and c.customer_id = p.customer_id
        where c.customer_id is not null or c.ani is not null or c.email is not null
    ),

    findings as (
        select *
        from identified_contacts
        union all
        select
            c.centre,
            c.source_instance,
            coalesce(c.group_id, '(unknown)'),
            coalesce(c.reason, '(unknown)'),
            coalesce(c.channel, '(unknown)'),
            cast({{ local_time("c.opened_at", "w.time_zone") }} as date),
            p.customer_id is not null,
            false
        from {{ ref("int_case__outcomes") }} as c
        inner join {{ ref("int_source__spans") }} as w on c.source_instance = w.source_instance
        left join plural_customers as p on c.centre = p.centre and c.customer_id = p.customer_id
        where c.customer_id is not null and not coalesce(c.is_deleted, false)
    )

    {{ counted("findings") }}
