-- One row per centre and queue, described or only seen on a leg; the newest description counts.
with
    described as (
        select *
        from {{ ref("int_organisation__queues") }}
        qualify
            row_number() over (partition by centre, queue_id order by valid_from desc, source_instance) = 1
    ),

    seen as (
        select distinct centre, queue_id
        from {{ ref("int_contact__legs") }}
        where queue_id is not null
        union
        select centre, queue_id
        from described
    )

select
    s.centre,
    s.queue_id,
    coalesce(d.queue, s.queue_id) as queue,
    d.queue_group,
    d.team_id,
    d.tier,
    d.channel,
    d.is_triage,
    d.is_overflow,
    d.queue_id is not null as is_described
from seen as s
left join described as d on s.centre = d.centre and s.queue_id = d.queue_id
