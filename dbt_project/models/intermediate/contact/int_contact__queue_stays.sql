-- One row per stay of a customer's contact in a queue: how it ended, and how soon.
-- A contact that moves between queues has several stays. In calls that we made, no customer waited.
select
    l.contact_key,
    l.leg_seq,
    l.centre,
    cast({{ local_time("l.enqueued_at", "s.time_zone") }} as date) as day,
    c.channel,
    l.queue_id as queue,
    l.queue_group,
    l.is_answered,
    l.is_abandoned,
    {% for column, outcome in {"is_flow_out": "flow_out", "is_callback_requested": "callback"}.items() %}
        coalesce(
            {{ is_word("l.queue_outcome", "legs.queue_outcome", [outcome]) }},
            case when l.is_answered or l.is_abandoned then false end
        ) as {{ column }},
    {% endfor %}
    l.wait_seconds,
    l.wait_seconds <= {{ threshold("service_level_target_seconds") }} as is_within_target,
    l.is_abandoned and l.wait_seconds <= {{ threshold("short_abandon_seconds") }} as is_short_abandon
from {{ ref("int_contact__legs") }} as l
inner join {{ ref("int_contact__enriched") }} as c on l.contact_key = c.contact_key
inner join {{ ref("int_source__spans") }} as s on l.source_instance = s.source_instance
where l.enqueued_at is not null and coalesce(c.is_customer_initiated, true)
