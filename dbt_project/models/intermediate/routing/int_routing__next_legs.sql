-- One row per leg that an agent answered: whether the agent soon moved the contact to another group.
-- A move to a higher tier is an escalation. Triage moves contacts on by design, overflow queues take whom
-- they can, and a move to another language or to who may check the identity says nothing of the reason.
{% set lookahead = [
    "queue_group",
    "queue_tier",
    "queue_language",
    "is_overflow",
    "is_authenticated",
    "transfer_type",
] %}
with
    legs as (
        select
            l.*,
            lead(1) over (partition by contact_key order by position nulls last) is null as is_last
            {% for column in lookahead %}
                ,
                lead({{ column }}) over (
                    partition by contact_key order by position nulls last
                ) as next_{{ column }}
            {% endfor %}
        from {{ ref("int_contact__legs") }} as l
    )

select
    leg_key,
    next_queue_tier > queue_tier as is_escalation_transfer,
    case
        when is_last or is_triage or is_overflow or next_is_overflow
        then false
        when next_transfer_type in ('queue', 'none')
        then false
        when next_queue_group = queue_group or next_queue_tier <> queue_tier
        then false
        when next_queue_language <> queue_language or (next_is_authenticated and not is_authenticated)
        then false
        when
            {{ known_word("next_transfer_type", "legs.transfer_type") }} is null
            or queue_group is null
            or next_queue_group is null
            or (queue_tier is null) <> (next_queue_tier is null)
        then null
        else true
    end as is_moved_elsewhere
from legs
where coalesce(is_answered, agent_id is not null)
