-- One row per source instance, team, reason, channel and day: answered contacts, by their wrap-up code.
with
    answered_contacts as (
        select
            {{ contact_dimensions("c") }},
            coalesce(c.direction, 'inbound') = 'outbound' as is_outbound,
            c.disposition
        from {{ ref("int_contact__enriched") }} as c
        where c.is_answered
    ),

    code_shares as (
        select
            source_instance,
            team,
            disposition,
            count(*) as n_code,
            sum(count(*)) over (partition by source_instance, team) as n_team
        from answered_contacts
        where disposition is not null and not is_outbound
        group by source_instance, team, disposition
    ),

    -- A code of nearly all contacts says nothing about any of them. Outbound contacts do not count: a team
    -- that calls customers back rightly gives all its calls one code.
    catch_all_codes as (
        select source_instance, team, disposition
        from code_shares
        where
            n_team >= {{ threshold("min_n") }}
            and n_code > {{ threshold("other_disposition_share") }} * n_team
    ),

    findings as (
        select
            a.centre,
            a.source_instance,
            a.team,
            a.reason,
            a.channel,
            a.event_date,
            a.disposition is null
            or lower(a.disposition) in {{ vague_words() }}
            or c.disposition is not null as is_affected,
            false as is_undecidable
        from answered_contacts as a
        left join
            catch_all_codes as c
            on not a.is_outbound
            and a.source_instance = c.source_instance
            and a.team = c.team
            and a.disposition = c.disposition
    )

    {{ counted("findings") }}
