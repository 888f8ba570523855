-- One row per contact: the customer's whole session on one channel, all its legs included.
with
    links as (
        select i.source_instance, i.item_id, l.journey_id, i.started_local_at
        from {{ ref("int_journey__items") }} as i
        inner join {{ ref("int_journey__item_links") }} as l on i.item_key = l.item_key
        where i.item_type = 'contact'
    )

select
    c.centre,
    c.source_instance,
    c.contact_id,
    c.chain_id,
    l.journey_id,
    c.customer_id,
    c.customer_link_method,
    c.customer_link_confidence,
    cast(c.n_customers_sharing as bigint) as n_customers_sharing,
    c.channel,
    c.direction,
    c.is_callback,
    c.started_at,
    l.started_local_at,
    c.ended_at,
    c.entry_point,
    c.ivr_path,
    c.reason_entry,
    c.reason_close,
    c.first_queue_id,
    q.queue as first_queue,
    c.first_queue_group,
    c.first_team_id,
    t.team as first_team,
    c.queue_wait_seconds,
    c.queue_outcome,
    c.n_legs,
    c.n_transfers,
    c.n_transfers_blind,
    c.n_transfers_consult,
    c.n_queue_moves,
    c.n_handoffs,
    c.talk_seconds,
    c.hold_seconds,
    c.wrap_up_seconds,
    c.is_answered,
    c.is_abandoned,
    c.is_short_abandon,
    c.disposition,
    c.ani_status,
    c.case_id,
    c.case_source_instance,
    c.is_case_linked,
    c.link_method,
    c.link_confidence,
    c.is_evaluated,
    c.is_internal
from {{ ref("int_contact__outcomes") }} as c
inner join links as l on c.source_instance = l.source_instance and c.contact_id = l.item_id
left join {{ ref("dim_queue") }} as q on c.centre = q.centre and c.first_queue_id = q.queue_id
left join {{ ref("dim_team") }} as t on c.centre = t.centre and c.first_team_id = t.team_id
