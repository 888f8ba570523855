-- One row per contact: every conversation with somebody outside, as its newest export describes it.
with
    leg_totals as (
        select
            source_instance,
            contact_id,
            count(answered_at) > 0 as has_answer,
            -- How the last stay in a queue ended; `?` where that is unknown.
            max_by(coalesce(queue_outcome, '?'), leg_seq) filter (
                where enqueued_at is not null
            ) as last_outcome
        from {{ ref("int_genesys_cloud__legs") }}
        group by source_instance, contact_id
    )

select
    c.centre,
    c.source_instance,
    c.conversation_id as contact_id,
    c.conversation_id as chain_id,
    case
        c.media_type
        when 'callback'
        then 'voice'
        when 'message'
        then 'web'
        else coalesce(c.media_type, 'unknown')
    end as channel,
    c.direction,
    c.started_at,
    c.ended_at,
    a.customer_id,
    {% for part in ["", "_status"] %}
        case
            when c.callback_number_status is not null
            then c.callback_number{{ part }}
            when c.direction = 'outbound' and c.dnis_status is not null
            then c.dnis{{ part }}
            else c.ani{{ part }}
        end as ani{{ part }},
    {% endfor %}
    a.case_id,
    a.entry_point,
    a.ivr_path,
    a.reason_entry,
    a.reason_close,
    coalesce(w.disposition, c.wrap_up_code) as disposition,
    -- A contact that goes on may still be answered. A call to a customer is answered when the customer
    -- picks up.
    case
        when l.has_answer
        then false
        when l.last_outcome = 'abandoned'
        then true
        when c.ended_at is not null and coalesce(l.last_outcome, '') <> '?'
        then false
    end as is_abandoned,
    case
        when l.has_answer
        then true
        when l.last_outcome = 'abandoned'
        then false
        when c.direction = 'outbound' and c.is_picked_up
        then true
        when c.ended_at is null or c.may_be_picked_up or (c.direction = 'outbound' and c.is_picked_up is null)
        then null
        else false
    end as is_answered,
    c.is_callback,
    true as is_recorded,
    {{ null_columns("contacts", ["duration_seconds", "email", "delivered_version_at"]) }},
    c.delivered_at
from {{ ref("int_genesys_cloud__outside_conversations") }} as c
left join
    {{ ref("int_genesys_cloud__conversation_attributes") }} as a
    on c.source_instance = a.source_instance
    and c.conversation_id = a.conversation_id
left join leg_totals as l on c.source_instance = l.source_instance and c.conversation_id = l.contact_id
left join
    {{ ref("stg_genesys_cloud__wrap_up_codes") }} as w
    on c.source_instance = w.source_instance
    and c.wrap_up_code = w.wrap_up_code
