-- One row per contact with everything known of it: handling, movement, case, evaluation. Where a source
-- does not say whether a contact was answered, its legs may: but who was moved on, or whose records are
-- missing, may have been answered elsewhere.
{% set is_whole = "coalesce(c.is_recorded, true)" %}
{% set is_answered %}
    coalesce(
        c.is_answered,
        case
            when t.is_answered
            then true
            when {{ is_whole }} and t.queue_outcome in ('abandoned', 'callback', 'voicemail', 'unreached')
            then false
        end
    )
{% endset %}
{% set is_abandoned %}
    coalesce(
        c.is_abandoned,
        case
            when {{ is_answered }}
            then false
            when {{ is_whole }} and t.queue_outcome is not null
            then t.queue_outcome = 'abandoned'
        end
    )
{% endset %}
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
    ),

    -- Words that are neither inbound nor outbound say nothing of the direction.
    contacts as (
        select
            c.*,
            case
                when direction = 'callback'
                then 'outbound'
                else {{ known_word("direction", "contacts.direction") }}
            end as known_direction,
            coalesce(is_callback, case when direction = 'callback' then true end) as known_callback
        from {{ ref("int_entity__contacts") }} as c
    )

select
    c.contact_key,
    c.centre,
    c.source_instance,
    c.contact_id,
    c.chain_key,
    coalesce(c.chain_id, c.contact_id) as chain_id,
    w.customer_id,
    w.link_method as customer_link_method,
    w.link_confidence as customer_link_confidence,
    w.n_customers_sharing,
    w.n_customers_of_number,
    w.is_ambiguous,
    c.channel,
    coalesce(c.known_direction, c.direction) as direction,
    c.known_callback as is_callback,
    -- Callbacks are calls that the customer asked for.
    case
        c.known_direction when 'inbound' then true when 'outbound' then coalesce(c.known_callback, false)
    end as is_customer_initiated,
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
    t.queue_wait_seconds,
    t.queue_outcome,
    coalesce(t.has_requested_callback, false) as has_requested_callback,
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
    {{ is_answered }} as is_answered,
    {{ is_abandoned }} as is_abandoned,
    ({{ is_abandoned }})
    and coalesce(t.queue_wait_seconds, {{ dbt.datediff("c.started_at", "c.ended_at", "second") }})
    <= {{ threshold("short_abandon_seconds") }} as is_short_abandon,
    c.disposition,
    c.ani,
    c.ani_status,
    c.email,
    k.recorded_case_key,
    k.recorded_case_id,
    k.recorded_case_source_instance,
    k.case_key,
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
from contacts as c
inner join {{ ref("int_contact__case_links") }} as k on c.contact_key = k.contact_key
inner join {{ ref("int_identity__contacts") }} as w on c.contact_key = w.contact_key
inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
inner join {{ ref("int_source__entities") }} as e on c.centre = e.centre and e.entity = 'evaluations'
left join {{ ref("int_contact__leg_totals") }} as t on c.contact_key = t.contact_key
left join {{ ref("int_handoff__counts") }} as h on c.chain_key = h.unit_key
left join evaluated as v on c.centre = v.centre and c.contact_id = v.contact_id
left join internal_customers as n on c.centre = n.centre and w.customer_id = n.customer_id
