-- One row per leg of a contact: every contact record is one.
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
    agent_interaction_seconds as talk_seconds,
    customer_hold_seconds as hold_seconds,
    after_contact_work_seconds as wrap_up_seconds,
    -- Whether the agent spoke to the next one before a transfer is not recorded.
    case
        initiation_method when 'QUEUE_TRANSFER' then 'queue' when 'TRANSFER' then 'unspecified' else 'none'
    end as transfer_type,
    coalesce(
        lower(disconnect_reason), case when next_contact_id is not null then 'transfer' end
    ) as end_reason,
    delivered_at
from {{ ref("stg_amazon_connect__contact_records") }}
