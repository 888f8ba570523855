-- One row per call that is part of another one, with the contact that both are.
-- Every channel has a `call_id` of its own. Channels of one call share `linked_id`, the `call_id`
-- of the oldest. Without it, the second half of a Local channel belongs to the call that dialled the first
-- half.
{{ config(materialized="table") }}
{% set hops = 2 %}
with
    records as (select * from {{ ref("stg_asterisk__call_records") }}),

    oldest_calls as (
        select source_instance, call_id, min(coalesce(linked_id, call_id)) as linked_id
        from records
        group by source_instance, call_id
    ),

    -- Asterisk counts instances of channels anew after a restart: the dialling call must still last.
    local_calls as (
        select h.source_instance, h.call_id, min(d.call_id) as dialling_id
        from records as h
        inner join
            records as d
            on h.source_instance = d.source_instance
            and h.channel = d.destination_channel
            and h.channel_instance = d.destination_instance
            and h.call_id <> d.call_id
            and h.started_at >= d.started_at
            and h.started_at <= coalesce(
                d.ended_at, {{ dbt.dateadd("second", "d.duration_seconds", "d.started_at") }}, d.started_at
            )
        where h.channel_half is not null and d.destination_half is not null
        group by h.source_instance, h.call_id
    ),

    hop_0 as (
        select
            r.source_instance,
            r.call_id,
            case when r.linked_id <> r.call_id then r.linked_id else l.dialling_id end as contact_id
        from oldest_calls as r
        left join local_calls as l on r.source_instance = l.source_instance and r.call_id = l.call_id
        where r.linked_id <> r.call_id or l.call_id is not null
    )

    {% for hop in range(1, hops + 1) %}
        ,

        -- A call that is part of a part is part of the whole.
        hop_{{ hop }} as (
            select h.source_instance, h.call_id, coalesce(n.contact_id, h.contact_id) as contact_id
            from hop_{{ hop - 1 }} as h
            left join
                hop_0 as n
                on h.source_instance = n.source_instance
                and h.contact_id = n.call_id
                and h.call_id <> n.contact_id
        )
    {% endfor %}

select source_instance, call_id, contact_id
from hop_{{ hops }}
