-- One row per journey and event, in the order they happened.
with
    events as (
        select
            i.journey_key,
            c.centre,
            c.source_instance,
            c.contact_id as source_key,
            c.started_at as event_at,
            1 as type_order,
            case when c.is_abandoned then 'contact_abandoned' else 'contact' end as event_type,
            c.first_team_id as team_id,
            c.first_queue_id as queue_id,
            c.channel,
            c.disposition as detail
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        union all
        select
            i.journey_key,
            c.centre,
            c.source_instance,
            c.case_id,
            c.opened_at,
            2,
            'case_opened',
            null,
            null,
            c.channel,
            c.reason
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.case_key = i.item_key
        union all
        select
            i.journey_key,
            v.centre,
            v.source_instance,
            v.case_id,
            v.valid_from,
            3,
            'case_status',
            null,
            null,
            null,
            v.value
        from {{ ref("int_case__intervals") }} as v
        inner join {{ ref("int_journey__items") }} as i on v.case_key = i.item_key
        -- The status at opening is no event of its own.
        where v.field = 'status' and (v.interval_seq > 1 or v.valid_from > i.started_at)
        union all
        select
            i.journey_key,
            h.centre,
            h.source_instance,
            h.unit_id,
            h.handed_at,
            4,
            'handoff',
            h.to_team_id,
            null,
            null,
            h.from_team_id
        from {{ ref("int_handoff__handoffs") }} as h
        inner join
            (
                select coalesce(c.chain_key, i.item_key) as unit_key, min(i.journey_key) as journey_key
                from {{ ref("int_journey__items") }} as i
                left join {{ ref("int_contact__enriched") }} as c on i.item_key = c.contact_key
                group by 1
            ) as i
            on h.unit_key = i.unit_key
        union all
        select
            e.journey_key,
            e.centre,
            e.source_instance,
            e.escalation_id,
            e.escalated_at,
            5,
            'escalation',
            null,
            null,
            null,
            e.reason
        from {{ ref("int_journey__escalations") }} as e
        where e.journey_key is not null and e.origin = 'recorded'
    ),

    ordered as (
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
        from events as e
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
from ordered as o
inner join {{ ref("int_source__spans") }} as s on o.source_instance = s.source_instance
left join {{ ref("dim_team") }} as t on o.centre = t.centre and o.team_id = t.team_id
left join {{ ref("dim_queue") }} as q on o.centre = q.centre and o.queue_id = q.queue_id
