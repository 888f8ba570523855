-- One row per case or contact: what a journey is put together from. A deleted case is part of none.
select
    c.case_key as item_key,
    'case' as item_type,
    c.centre,
    c.source_instance,
    c.case_id as item_id,
    c.customer_id,
    c.customer_key,
    cast(1.00 as double) as customer_link_confidence,
    c.reason,
    c.channel,
    c.opened_at as started_at,
    greatest(c.opened_at, c.ended_at) as ended_at,
    {{ local_time("c.opened_at", "s.time_zone") }} as started_local_at,
    {{ local_time("greatest(c.opened_at, c.ended_at)", "s.time_zone") }} as ended_local_at
from {{ ref("int_case__enriched") }} as c
inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
where not coalesce(c.is_deleted, false)
union all
select
    c.contact_key as item_key,
    'contact' as item_type,
    c.centre,
    c.source_instance,
    c.contact_id as item_id,
    c.customer_id,
    c.customer_key,
    c.customer_link_confidence,
    c.reason,
    c.channel,
    c.started_at,
    greatest(c.started_at, coalesce(c.ended_at, c.started_at)) as ended_at,
    {{ local_time("c.started_at", "s.time_zone") }} as started_local_at,
    {{ local_time("greatest(c.started_at, coalesce(c.ended_at, c.started_at))", "s.time_zone") }}
    as ended_local_at
from {{ ref("int_contact__enriched") }} as c
inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
