-- One row per contact with everything known of it: handling, movement, case, evaluation.
with
    evaluated as (
        select
            centre,
            contact_id,
            {{ any_known(is_word("status", "evaluations.status", ["submitted"])) }} as is_evaluated
        from {{ ref("int_entity__evaluations") }}
        group by centre, contact_id
    ),

    internal_customers as (
        select distinct centre, customer_id from {{ ref("int_entity__customers") }} where is_internal
    )

select
    c.centre,
    c.source_instance,
    c.contact_id,
    coalesce(c.chain_id, c.contact_id) as chain_id,
    w.customer_id,
    w.link_method as customer_link_method,
    w.link_confidence as customer_link_confidence,
    w.n_customers_sharing,
    w.n_customers_of_number,
    w.is_ambiguous,
    c.channel,
    c.direction,
    c.started_at,
    coalesce(c.ended_at, t.last_ended_at) as ended_at,
    c.entry_point,
    c.ivr_path,
    c.reason_entry,
    c.reason_close,
    coalesce(c.reason_close, c.reason_entry) as reason,
    t.first_queue_id,
    t.first_queue_group,
    t.first_team_id,
    {{ dbt.datediff("t.first_enqueued_at", "t.first_answered_at", "second") }} as queue_wait_seconds,
    t.n_legs,
    t.n_transfers,
    t.n_transfers_blind,
    t.n_transfers_consult,
    t.n_queue_moves,
    h.n_handoffs,
    h.n_handoffs_settled,
    h.n_returns_direct,
    h.n_returns_any,
    t.talk_seconds,
    t.hold_seconds,
    t.wrap_up_seconds,
    coalesce(c.is_answered, t.first_answered_at is not null or null) as is_answered,
    c.is_abandoned,
    c.is_abandoned
    and {{ dbt.datediff("c.started_at", "c.ended_at", "second") }}
    <= {{ threshold("short_abandon_seconds") }} as is_short_abandon,
    c.disposition,
    c.ani,
    c.ani_status,
    c.email,
    k.recorded_case_id,
    k.recorded_case_source_instance,
    k.case_id,
    k.case_source_instance,
    k.link_method,
    k.link_confidence,
    k.case_id is not null as is_case_linked,
    case
        when e.is_delivered then case when v.contact_id is null then false else v.is_evaluated end
    end as is_evaluated,
    coalesce(c.ani_status = 'internal', false)
    or w.is_internal_number
    or n.customer_id is not null as is_internal,
    coalesce(
        c.is_order_possible and t.is_order_possible, c.is_order_possible, t.is_order_possible
    ) as is_order_possible,
    cast({{ local_time("c.started_at", "s.time_zone") }} as date) as started_date
from {{ ref("int_entity__contacts") }} as c
inner join
    {{ ref("int_contact__case_links") }} as k
    on c.source_instance = k.source_instance
    and c.contact_id = k.contact_id
inner join
    {{ ref("int_identity__contacts") }} as w
    on c.source_instance = w.source_instance
    and c.contact_id = w.contact_id
inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'evaluations'
left join
    {{ ref("int_contact__leg_totals") }} as t
    on c.source_instance = t.source_instance
    and c.contact_id = t.contact_id
left join
    {{ ref("int_handoff__counts") }} as h
    on c.source_instance = h.source_instance
    and coalesce(c.chain_id, c.contact_id) = h.unit_id
    and h.unit_type = 'chain'
left join evaluated as v on c.centre = v.centre and c.contact_id = v.contact_id
left join internal_customers as n on c.centre = n.centre and w.customer_id = n.customer_id
