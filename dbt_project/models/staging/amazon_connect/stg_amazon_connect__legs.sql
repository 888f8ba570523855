-- One row per leg of a contact: every contact record is one, delivered or told of by events.
with
    told as (
        select
            centre,
            source_instance,
            root_contact_id,
            leg_seq,
            queue_id,
            agent_id,
            initiated_at,
            enqueued_at,
            connected_to_agent_at,
            disconnected_at,
            agent_interaction_seconds,
            customer_hold_seconds,
            after_contact_work_seconds,
            -- Every record tells how it began.
            coalesce(initiation_method, '') as initiation_method,
            coalesce(
                lower(disconnect_reason), case when next_contact_id is not null then 'transfer' end
            ) as end_reason,
            delivered_at
        from {{ ref("stg_amazon_connect__contact_records") }}
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
            answered_at,
            ended_at,
            {{ unfilled("legs", ["talk_seconds", "hold_seconds", "wrap_up_seconds"]) }},
            initiation_method,
            {{ unfilled("legs", ["end_reason"]) }},
            delivered_at
        from {{ ref("stg_amazon_connect__contact_signs") }}
        where queue_id is not null or answered_at is not null
    )

select
    centre,
    source_instance,
    root_contact_id as contact_id,
    cast(leg_seq as {{ dbt.type_bigint() }}) as leg_seq,
    queue_id,
    agent_id,
    coalesce(enqueued_at, initiated_at) as started_at,
    enqueued_at,
    connected_to_agent_at as answered_at,
    disconnected_at as ended_at,
    {{ unfilled("legs", ["duration_seconds"]) }},
    agent_interaction_seconds as talk_seconds,
    customer_hold_seconds as hold_seconds,
    after_contact_work_seconds as wrap_up_seconds,
    -- Whether the agent spoke to the next one before a transfer is not recorded.
    case
        when initiation_method = 'QUEUE_TRANSFER'
        then 'queue'
        when initiation_method = 'TRANSFER'
        then 'unspecified'
        when initiation_method is not null
        then 'none'
    end as transfer_type,
    end_reason,
    delivered_at
from told
