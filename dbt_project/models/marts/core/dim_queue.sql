-- One row per centre and queue, described or only seen on a leg; the newest description counts.
with
    ranked_queues as (
        select
            q.*,
            row_number() over (
                partition by centre, queue_id order by valid_from desc nulls last, source_instance nulls last
            ) as queue_rank
        from {{ ref("int_organisation__queues") }} as q
    ),

    described_queues as (select * from ranked_queues where queue_rank = 1),

    known_queues as (
        select distinct centre, queue_id
        from {{ ref("int_contact__legs") }}
        where queue_id is not null
        union
        select centre, queue_id
        from described_queues
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
from known_queues as s
left join described_queues as d on s.centre = d.centre and s.queue_id = d.queue_id
