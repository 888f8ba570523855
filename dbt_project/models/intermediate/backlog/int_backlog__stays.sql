-- One row per case and stay of an open case with one team, with what the backlog is split by.
-- Before the first team that is known, and where none is, the team is unknown.
{% set end_of_time = "timestamp '9999-12-31 00:00:00'" %}
with
    cases as (
        select e.case_key, e.centre, e.source_instance, e.opened_at, e.reason, e.group_id
        from {{ ref("int_entity__cases") }} as e
    ),

    teams as (
        select case_key, interval_seq, value as team, valid_from as starts_at, valid_to as ends_at
        from {{ ref("int_case__intervals") }}
        where field = 'group'
    ),

    all_teams as (
        select *
        from teams
        union all
        select
            c.case_key,
            0,
            case when min(t.starts_at) is null then c.group_id end,
            cast(null as timestamp),
            min(t.starts_at)
        from cases as c
        left join teams as t on c.case_key = t.case_key
        group by c.case_key, c.group_id
    ),

    breaches as (
        select case_key, min(breached_at) as first_breached_at
        from {{ ref("int_sla__outcomes") }}
        group by case_key
    )

select
    c.case_key,
    s.spell_seq,
    t.interval_seq,
    c.centre,
    c.source_instance,
    p.time_zone,
    coalesce(t.team, '(unknown)') as team_id,
    coalesce(c.reason, '(unknown)') as reason,
    c.opened_at,
    greatest(s.starts_at, t.starts_at) as starts_at,
    least(s.ends_at, t.ends_at) as ends_at,
    b.first_breached_at,
    s.is_open
from cases as c
inner join {{ ref("int_source__spans") }} as p on c.source_instance = p.source_instance
inner join {{ ref("int_backlog__open_spells") }} as s on c.case_key = s.case_key
inner join all_teams as t on c.case_key = t.case_key
left join breaches as b on c.case_key = b.case_key
where greatest(s.starts_at, t.starts_at) < coalesce(least(s.ends_at, t.ends_at), {{ end_of_time }})
