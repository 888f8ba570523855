-- One row per leg of a contact: a contact record, delivered or inferred from events.
-- Calls to third parties and supervisors who listen are none.
with
    record_legs as (
        select
            centre,
            source_instance,
            root_contact_id,
            leg_seq,
            queue_id,
            agent_id,
            initiated_at,
            enqueued_at,
            coalesce(
                dequeued_at, {{ dbt.dateadd("second", "cast(queue_seconds as bigint)", "enqueued_at") }}
            ) as dequeued_at,
            answered_at,
            disconnected_at,
            queue_outcome,
            -- Until a customer picks up, agents talk to nobody.
            case
                when coalesce(is_picked_up, true) then agent_interaction_seconds
            end as agent_interaction_seconds,
            customer_hold_seconds,
            after_contact_work_seconds,
            -- A record without a method continues no other one.
            coalesce(initiation_method, '') as initiation_method,
            coalesce(
                lower(disconnect_reason), case when next_contact_id is not null then 'transfer' end
            ) as end_reason,
            delivered_at
        from {{ ref("int_amazon_connect__contact_records") }}
        where leg_seq is not null
        union all
        select
            centre,
            source_instance,
            root_contact_id,
            leg_seq,
            queue_id,
            agent_id,
            started_at,
            enqueued_at,
            {{ null_columns("legs", ["dequeued_at"]) }},
            answered_at,
            ended_at,
            {{ null_columns("legs", ["queue_outcome"]) }},
            {{ null_columns("legs", ["talk_seconds", "hold_seconds", "wrap_up_seconds"]) }},
            initiation_method,
            {{ null_columns("legs", ["end_reason"]) }},
            delivered_at
        from {{ ref("int_amazon_connect__inferred_contacts") }}
        where queue_id is not null or answered_at is not null
    )

select
    centre,
    source_instance,
    root_contact_id as contact_id,
    cast(leg_seq as {{ dbt.type_bigint() }}) as leg_seq,
    queue_id,
    agent_id,
    case when agent_id is not null then 'human' end as handler,
    coalesce(enqueued_at, initiated_at) as started_at,
    enqueued_at,
    dequeued_at,
    answered_at,
    disconnected_at as ended_at,
    {{ null_columns("legs", ["duration_seconds", "flow_id", "is_authenticated"]) }},
    queue_outcome,
    agent_interaction_seconds as talk_seconds,
    customer_hold_seconds as hold_seconds,
    after_contact_work_seconds as wrap_up_seconds,
    -- Whether the agent spoke to the next one before a transfer is not recorded. Flows move between queues.
    case
        when initiation_method in ('QUEUE_TRANSFER', 'DISCONNECT')
        then 'queue'
        when initiation_method = 'TRANSFER'
        then 'unspecified'
        when initiation_method is not null
        then 'none'
    end as transfer_type,
    end_reason,
    delivered_at
from record_legs
