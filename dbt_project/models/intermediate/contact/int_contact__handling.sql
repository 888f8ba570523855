-- One row per contact: its direction, waits and movements, and whether somebody answered.
-- Legs may say whether a contact was answered, unless it was moved on or records of it are missing.
{% set is_answered %}
    coalesce(
        c.is_answered,
        case
            when t.is_answered
            then true
            when coalesce(c.is_recorded, true) and t.queue_outcome in ('abandoned', 'callback', 'voicemail', 'unreached')
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
            when coalesce(c.is_recorded, true) and t.queue_outcome is not null
            then t.queue_outcome = 'abandoned'
        end
    )
{% endset %}
with
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
    t.first_agent_id,
    t.queue_wait_seconds,
    t.queue_outcome,
    t.is_queued,
    t.first_answered_at,
    t.n_legs,
    t.n_transfers,
    t.n_transfers_blind,
    t.n_transfers_consult,
    t.n_queue_moves,
    t.talk_seconds,
    t.hold_seconds,
    t.wrap_up_seconds,
    coalesce(t.has_requested_callback, false) as has_requested_callback,
    {{ is_answered }} as is_answered,
    {{ is_abandoned }} as is_abandoned,
    ({{ is_abandoned }})
    and coalesce(t.queue_wait_seconds, {{ dbt.datediff("c.started_at", "c.ended_at", "second") }})
    <= {{ threshold("short_abandon_seconds") }} as is_short_abandon,
    c.disposition,
    c.ani,
    c.ani_status,
    c.email,
    coalesce(
        c.is_order_possible and t.is_order_possible, c.is_order_possible, t.is_order_possible
    ) as is_order_possible
from contacts as c
left join {{ ref("int_contact__leg_totals") }} as t on c.contact_key = t.contact_key
