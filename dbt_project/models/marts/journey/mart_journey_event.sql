-- One row per journey and event, in the order they happened.
with
    event_order as (
        select
            e.*,
            cast(
                row_number() over (
                    partition by journey_key
                    order by
                        event_at nulls last,
                        type_order nulls last,
                        detail nulls first,
                        channel nulls first,
                        team_id nulls first,
                        source_instance nulls last,
                        source_key nulls last
                ) as bigint
            ) as event_seq,
            -- In the same order, so that rows are sorted once.
            lag(event_at) over (
                partition by journey_key
                order by
                    event_at nulls last,
                    type_order nulls last,
                    detail nulls first,
                    channel nulls first,
                    team_id nulls first,
                    source_instance nulls last,
                    source_key nulls last
            ) as previous_at
        from {{ ref("int_journey__events") }} as e
    )

select
    o.centre,
    {{ key_text("o.journey_key") }} as journey_id,
    o.event_seq,
    o.event_at,
    {{ local_time("o.event_at", "s.time_zone") }} as local_at,
    o.event_type,
    o.source_instance,
    o.source_key,
    o.team_id,
    t.team,
    o.queue_id,
    q.queue,
    o.channel,
    o.detail,
    cast({{ dbt.datediff("o.previous_at", "o.event_at", "second") }} as bigint) as gap_seconds
from event_order as o
inner join {{ ref("int_source__spans") }} as s on o.source_instance = s.source_instance
left join {{ ref("dim_team") }} as t on o.centre = t.centre and o.team_id = t.team_id
left join {{ ref("dim_queue") }} as q on o.centre = q.centre and o.queue_id = q.queue_id
