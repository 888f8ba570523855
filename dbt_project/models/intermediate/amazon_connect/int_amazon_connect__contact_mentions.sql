-- One row per mention of a contact record by a contact event, an agent's event, an analysis or an evaluation.
-- No kind of mention is complete: what it leaves out is unknown. `mention_id` tells mentions of one kind and
-- moment apart.
{% set missed = "('MISSED', 'REJECTED', 'ERROR')" %}
select
    centre,
    source_instance,
    contact_id,
    'contact event' as kind,
    event_type as mention_id,
    initial_contact_id,
    initiation_method,
    channel,
    initiated_at,
    event_at as seen_at,
    disconnected_at as ended_at,
    queue_id,
    enqueued_at,
    agent_id,
    connected_to_agent_at,
    coalesce(
        connected_to_system_at, case when event_type = 'CONNECTED_TO_SYSTEM' then event_at end
    ) as connected_to_system_at,
    delivered_at
from {{ ref("stg_amazon_connect__contact_events") }} as e
union all
select
    centre,
    source_instance,
    contact_id,
    'agent event',
    event_id,
    initial_contact_id,
    upper(initiation_method),
    upper(channel),
    null,
    coalesce(queued_at, connected_to_agent_at, state_since_at, event_at),
    null,
    queue_id,
    queued_at,
    agent_id,
    case when coalesce(state, '') not in {{ missed }} then connected_to_agent_at end,
    null,
    delivered_at
from {{ ref("stg_amazon_connect__agent_event_contacts") }} as a
union all
select
    centre,
    source_instance,
    contact_id,
    'analysis',
    cast(is_redacted as {{ dbt.type_string() }}),
    null,
    null,
    channel,
    started_at,
    coalesce(analysed_at, delivered_at),
    null,
    null,
    null,
    null,
    null,
    null,
    delivered_at
from {{ ref("stg_amazon_connect__analyses") }} as n
where contact_id is not null
union all
select
    centre,
    source_instance,
    contact_id,
    'evaluation',
    evaluation_id,
    null,
    null,
    null,
    null,
    coalesce(started_at, submitted_at),
    null,
    null,
    null,
    null,
    null,
    null,
    delivered_at
from {{ ref("stg_amazon_connect__evaluations") }} as q
