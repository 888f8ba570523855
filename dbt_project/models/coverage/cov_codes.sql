-- One row per blind spot of group code, source instance, team, reason, channel and day: contacts
-- without a telling wrap-up code, and items whose reason is unknown or unstable.
{% set vague = "('other', 'others', 'general', 'unknown', 'misc', 'n/a', 'none')" %}
with
    handled as (
        select
            centre,
            source_instance,
            coalesce(first_team_id, '(unknown)') as team,
            coalesce(reason, '(unknown)') as reason,
            coalesce(channel, '(unknown)') as channel,
            started_date as day,
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
        from handled
        where disposition is not null and not is_outbound
        group by source_instance, team, disposition
    ),

    -- A code that stands under nearly everything tells nothing. Outbound contacts do not count: a team that
    -- calls customers back rightly gives all its calls one code.
    worn_codes as (
        select source_instance, team, disposition
        from code_shares
        where
            n_team >= {{ threshold("min_n") }}
            and n_code > {{ threshold("other_disposition_share") }} * n_team
    ),

    bs10 as (
        select
            h.centre,
            h.source_instance,
            h.team,
            h.reason,
            h.channel,
            h.day,
            h.disposition is null
            or lower(h.disposition) in {{ vague }}
            or w.disposition is not null as is_affected,
            false as is_undecidable
        from handled as h
        left join
            worn_codes as w
            on not h.is_outbound
            and h.source_instance = w.source_instance
            and h.team = w.team
            and h.disposition = w.disposition
    ),

    -- A vague reason at entry that becomes a telling one was not changed but found out.
    bs11 as (
        select
            centre,
            source_instance,
            coalesce(first_team_id, '(unknown)') as team,
            coalesce(reason, '(unknown)') as reason,
            coalesce(channel, '(unknown)') as channel,
            started_date as day,
            reason is null
            or lower(reason) in {{ vague }}
            or coalesce(
                reason_entry <> reason_close and lower(reason_entry) not in {{ vague }}, false
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
            c.reason is null or lower(c.reason) in {{ vague }},
            false
        from {{ ref("int_case__outcomes") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        where not coalesce(c.is_deleted, false)
    )

    {{ measured("BS10", "bs10") }}
union all
{{ measured("BS11", "bs11") }}
