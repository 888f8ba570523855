-- One row per blind spot of group map, source instance, team, reason, channel and day: legs whose
-- queue, and people whose team, nobody has described.
with
    legs as (
        select
            l.centre,
            l.source_instance,
            coalesce(l.team_id, '(unknown)') as team,
            coalesce(c.reason, '(unknown)') as reason,
            coalesce(c.channel, '(unknown)') as channel,
            c.started_date as day,
            l.queue_id,
            l.queue_group,
            l.agent_id,
            l.is_agent_mapped
        from {{ ref("int_contact__legs") }} as l
        inner join
            {{ ref("int_contact__outcomes") }} as c
            on l.source_instance = c.source_instance
            and l.contact_id = c.contact_id
    ),

    bs08 as (
        select l.*, queue_group is null as is_affected, false as is_undecidable
        from legs as l
        where queue_id is not null
    ),

    owners as (
        select
            c.centre,
            c.source_instance,
            coalesce(c.group_id, '(unknown)') as team,
            coalesce(c.reason, '(unknown)') as reason,
            coalesce(c.channel, '(unknown)') as channel,
            cast({{ local_time("c.opened_at", "s.time_zone") }} as date) as day,
            max(case when a.agent_id is not null then 1 else 0 end) = 0 as is_affected,
            false as is_undecidable
        from {{ ref("int_case__outcomes") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        left join
            {{ ref("int_organisation__agents") }} as a
            on c.centre = a.centre
            and c.owner_id = coalesce(a.crm_user_id, a.agent_id)
        where c.owner_id is not null and not coalesce(c.is_deleted, false)
        group by c.centre, c.source_instance, c.case_id, 3, 4, 5, 6
    ),

    bs13 as (
        select
            centre,
            source_instance,
            team,
            reason,
            channel,
            day,
            not is_agent_mapped as is_affected,
            false as is_undecidable
        from legs
        where agent_id is not null
        union all
        select centre, source_instance, team, reason, channel, day, is_affected, is_undecidable
        from owners
    )

    {{ measured("BS08", "bs08") }}
union all
{{ measured("BS13", "bs13") }}
