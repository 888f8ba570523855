-- One row per source instance, team, reason, channel and day: contacts without a telling wrap-up code.
with
    answered_contacts as (
        select
            centre,
            source_instance,
            coalesce(first_team_id, '(unknown)') as team,
            coalesce(reason, '(unknown)') as reason,
            coalesce(channel, '(unknown)') as channel,
            started_date as event_date,
            coalesce(direction, 'inbound') = 'outbound' as is_outbound,
            disposition
        from {{ ref("int_contact__outcomes") }}
        where is_answered
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

    -- A code that stands under nearly everything tells nothing. Outbound contacts do not count: a team that
    -- calls customers back rightly gives all its calls one code.
    catch_all_codes as (
        select source_instance, team, disposition
        from code_shares
        where
            n_team >= {{ threshold("min_n") }}
            and n_code > {{ threshold("other_disposition_share") }} * n_team
    ),

    findings as (
        select
            h.centre,
            h.source_instance,
            h.team,
            h.reason,
            h.channel,
            h.event_date,
            h.disposition is null
            or lower(h.disposition) in {{ vague_words() }}
            or w.disposition is not null as is_affected,
            false as is_undecidable
        from answered_contacts as h
        left join
            catch_all_codes as w
            on not h.is_outbound
            and h.source_instance = w.source_instance
            and h.team = w.team
            and h.disposition = w.disposition
    )

    {{ counted("findings") }}
