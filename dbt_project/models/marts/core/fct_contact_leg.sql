-- One row per leg of a contact.
{{ config(materialized="view") }}
select
    l.centre,
    l.source_instance,
    l.contact_id,
    l.leg_seq,
    l.queue_id,
    l.queue_group,
    l.agent_id,
    l.team_id,
    l.started_at,
    l.enqueued_at,
    l.dequeued_at,
    l.answered_at,
    l.ended_at,
    l.queue_outcome,
    l.is_answered,
    l.is_abandoned,
    l.wait_seconds,
    l.talk_seconds,
    l.hold_seconds,
    l.wrap_up_seconds,
    l.transfer_type,
    l.end_reason,
    r.required_skill as skill_required,
    r.has_skill,
    r.is_misroute_strict,
    r.is_misroute_probable,
    r.is_escalation_transfer
from {{ ref("int_contact__legs") }} as l
left join {{ ref("int_routing__legs") }} as r on l.leg_key = r.leg_key
