-- One row per leg of a contact.
{{ config(materialized="view") }}
select
    centre,
    source_instance,
    contact_id,
    leg_seq,
    queue_id,
    queue_group,
    agent_id,
    team_id,
    started_at,
    enqueued_at,
    dequeued_at,
    answered_at,
    ended_at,
    queue_outcome,
    is_answered,
    is_abandoned,
    wait_seconds,
    talk_seconds,
    hold_seconds,
    wrap_up_seconds,
    transfer_type,
    end_reason
from {{ ref("int_contact__legs") }}
