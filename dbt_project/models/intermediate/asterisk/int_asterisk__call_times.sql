-- One row per call, with when it began and ended: the widest span of its records and its legs.
with
    calls as (
        select centre, source_instance, contact_id
        from {{ ref("int_asterisk__call_records") }}
        union
        select centre, source_instance, contact_id
        from {{ ref("int_asterisk__queue_events") }}
    ),

    record_spans as (
        select source_instance, contact_id, min(started_at) as started_at, max(ended_at) as ended_at
        from {{ ref("int_asterisk__call_records") }}
        group by 1, 2
    ),

    leg_spans as (
        select
            source_instance,
            contact_id,
            min(started_at) as started_at,
            max(ended_at) as ended_at,
            max(started_at) as last_started_at,
            -- A leg known only from a transfer has neither queue nor end. It does not keep the call open.
            max(leg_seq) filter (where queue_id is not null or ended_at is not null)
            = max(leg_seq) filter (where ended_at is not null) as is_closed
        from {{ ref("int_asterisk__legs") }}
        group by 1, 2
    ),

    -- The earlier and the later of two moments, of which one may be missing.
    spans as (
        select
            c.*,
            case
                when r.started_at > l.started_at then l.started_at else coalesce(r.started_at, l.started_at)
            end as started_at,
            case
                when r.ended_at < l.ended_at then l.ended_at else coalesce(r.ended_at, l.ended_at)
            end as ended_at,
            coalesce(l.is_closed, l.contact_id is null) as is_closed,
            l.last_started_at
        from calls as c
        left join record_spans as r on c.source_instance = r.source_instance and c.contact_id = r.contact_id
        left join leg_spans as l on c.source_instance = l.source_instance and c.contact_id = l.contact_id
    )

select
    centre,
    source_instance,
    contact_id,
    started_at,
    -- A call whose last leg is open has records of the legs before.
    case when is_closed or ended_at > last_started_at then ended_at end as ended_at
from spans
