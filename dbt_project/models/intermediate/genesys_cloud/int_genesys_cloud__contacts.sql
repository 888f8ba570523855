-- One row per contact: every conversation with somebody outside, as its newest export tells of it.
{% set from_first = ["customer_id", "entry_point", "ivr_path", "reason_entry"] %}
{% set from_last = ["case_id", "reason_close"] %}
{% set by_number = "participant_number" %}
with
    conversations as (select * from {{ ref("stg_genesys_cloud__conversations") }}),

    participants as (
        select p.*
        from {{ ref("stg_genesys_cloud__participants") }} as p
        inner join
            conversations as c
            on p.source_instance = c.source_instance
            and p.conversation_id = c.conversation_id
            and p.known_until_at = c.known_until_at
            and p.delivered_at = c.delivered_at
    ),

    codes as (select * from {{ ref("stg_genesys_cloud__wrap_up_codes") }}),

    -- The customer's attributes count before anybody else's.
    noted_in_order as (
        select
            *,
            row_number() over (
                partition by source_instance, conversation_id
                order by
                    case when purpose = 'customer' then 0 else 1 end nulls last,
                    participant_number nulls last,
                    participant_id nulls last
            ) as place,
            row_number() over (
                partition by source_instance, conversation_id
                order by
                    case when purpose = 'customer' then 1 else 0 end nulls last,
                    participant_number nulls last,
                    participant_id nulls last
            ) as reversed_place
        from participants
    ),

    noted as (
        select
            source_instance,
            conversation_id
            {%- for column in from_first %}, {{ first_filled(column, "place") }} as {{ column }} {%- endfor %}
            {%- for column in from_last %}
                , {{ last_filled(column, "reversed_place") }} as {{ column }}
            {%- endfor %}
        from noted_in_order
        group by source_instance, conversation_id
    ),

    sessions as (
        select
            *,
            row_number() over (
                partition by source_instance, conversation_id
                order by
                    case purpose when 'customer' then 0 when 'external' then 1 else 2 end nulls last,
                    participant_number nulls last,
                    session_number nulls last,
                    session_id nulls last
            ) as place,
            row_number() over (
                partition by source_instance, conversation_id, is_handling
                order by
                    handled_since_at nulls first,
                    participant_number nulls last,
                    session_number nulls last,
                    session_id nulls last
            ) as turn
        from {{ ref("int_genesys_cloud__sessions") }}
    ),

    -- Where a conversation began from inside, or goes back to a customer, their number is the one dialled.
    held as (
        select
            source_instance,
            conversation_id,
            {{ first_filled("media_type", "place") }} as media_type,
            min_by(direction, place) filter (where purpose in ('customer', 'external')) as direction,
            {% for column in ["ani", "dnis", "callback_number"] %}
                {% for part in [column, column ~ "_status"] %}
                    min_by({{ part }}, place) filter (
                        where purpose in ('customer', 'external') and {{ column }}_status is not null
                    ) as {{ part }},
                {% endfor %}
            {% endfor %}
            bool_or(media_type = 'callback' and campaign_id is null) as is_callback,
            bool_or(is_internal) as is_internal,
            bool_or(is_from_inside) as is_from_inside,
            bool_or(is_picked_up) as is_picked_up,
            bool_or(is_handling and is_dialling and is_picked_up is null) as may_be_picked_up,
            max_by(wrap_up_code, turn) filter (
                where
                    is_handling
                    and wrap_up_code is not null
                    and wrap_up_code not in ('ININ-WRAP-UP-TIMEOUT', 'ININ-WRAP-UP-SKIPPED')
            ) as wrap_up_code
        from sessions
        group by source_instance, conversation_id
    ),

    answers as (
        select
            source_instance,
            contact_id,
            count(answered_at) > 0 as has_answer,
            -- How the last stay in a queue ended; `?` where nobody tells.
            max_by(coalesce(queue_outcome, '?'), leg_seq) filter (
                where enqueued_at is not null
            ) as last_outcome
        from {{ ref("int_genesys_cloud__legs") }}
        group by source_instance, contact_id
    ),

    contacts as (
        select
            c.*,
            n.customer_id,
            n.case_id,
            n.entry_point,
            n.ivr_path,
            n.reason_entry,
            n.reason_close,
            h.media_type,
            case
                when h.is_from_inside then 'inbound' else coalesce(c.originating_direction, h.direction)
            end as direction,
            h.ani,
            case when h.is_from_inside then 'internal' else h.ani_status end as ani_status,
            coalesce(h.is_callback, false) as is_callback,
            h.dnis,
            h.dnis_status,
            h.callback_number,
            h.callback_number_status,
            h.is_picked_up,
            coalesce(h.may_be_picked_up, false) as may_be_picked_up,
            coalesce(a.has_answer, false) as has_answer,
            a.last_outcome,
            coalesce(w.disposition, h.wrap_up_code) as disposition
        from conversations as c
        left join
            noted as n on c.source_instance = n.source_instance and c.conversation_id = n.conversation_id
        left join held as h on c.source_instance = h.source_instance and c.conversation_id = h.conversation_id
        left join answers as a on c.source_instance = a.source_instance and c.conversation_id = a.contact_id
        left join codes as w on c.source_instance = w.source_instance and h.wrap_up_code = w.wrap_up_code
        where not coalesce(h.is_internal, false)
    )

select
    centre,
    source_instance,
    conversation_id as contact_id,
    conversation_id as chain_id,
    case
        media_type when 'callback' then 'voice' when 'message' then 'web' else coalesce(media_type, 'unknown')
    end as channel,
    direction,
    started_at,
    ended_at,
    customer_id,
    {% for part in ["", "_status"] %}
        case
            when callback_number_status is not null
            then callback_number{{ part }}
            when direction = 'outbound' and dnis_status is not null
            then dnis{{ part }}
            else ani{{ part }}
        end as ani{{ part }},
    {% endfor %}
    case_id,
    entry_point,
    ivr_path,
    reason_entry,
    reason_close,
    disposition,
    -- What goes on may still be answered. Of calls to customers, their picking up counts.
    case
        when has_answer
        then false
        when last_outcome = 'abandoned'
        then true
        when ended_at is not null and coalesce(last_outcome, '') <> '?'
        then false
    end as is_abandoned,
    case
        when has_answer
        then true
        when last_outcome = 'abandoned'
        then false
        when direction = 'outbound' and is_picked_up
        then true
        when ended_at is null or may_be_picked_up or (direction = 'outbound' and is_picked_up is null)
        then null
        else false
    end as is_answered,
    is_callback,
    true as is_recorded,
    {{ unfilled("contacts", ["duration_seconds", "email", "delivered_version_at"]) }},
    delivered_at
from contacts
