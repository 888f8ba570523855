-- One row per contact that has legs: its movements and handling times, summed over the legs.
-- Counts of transfers are NULL where the kind of one is not recorded, or in a word outside the vocabulary.
-- Seconds are NULL where an answered leg has none. The wait is that in all queues until the first answer, or
-- until the end of the last stay where nobody answered.
{% set known_type = known_word("transfer_type", "legs.transfer_type") %}
{% set kinds = {
    "n_transfers": ("'blind', 'consult', 'unspecified'", known_type ~ " is null"),
    "n_transfers_blind": ("'blind'", "coalesce(" ~ known_type ~ ", 'unspecified') = 'unspecified'"),
    "n_transfers_consult": (
        "'consult'",
        "coalesce(" ~ known_type ~ ", 'unspecified') = 'unspecified'",
    ),
    "n_queue_moves": ("'queue'", known_type ~ " is null"),
} %}
with
    legs as (
        select l.*, min(answered_at) over (partition by contact_key) as first_answered_at
        from {{ ref("int_contact__legs") }} as l
    ),

    -- A stay in a queue after the first answer is no wait for the first answer.
    leg_waits as (
        select
            l.*,
            enqueued_at is not null
            and (first_answered_at is null or enqueued_at <= first_answered_at) as is_first_wait
        from legs as l
    )

select
    contact_key,
    count(*) as n_legs,
    {% for column, (counted, unknown) in kinds.items() %}
        case
            when count(*) filter (where position > 1 and {{ unknown }}) = 0
            then count(*) filter (where transfer_type in ({{ counted }}))
        end as {{ column }},
    {% endfor %}
    {% for seconds in ["talk_seconds", "hold_seconds", "wrap_up_seconds"] %}
        case
            when count(*) filter (where answered_at is not null and {{ seconds }} is null) = 0
            then sum({{ seconds }})
        end as {{ seconds }},
    {% endfor %}
    {{ first_filled("queue_id", "position") }} as first_queue_id,
    min_by(queue_group, position) filter (where queue_id is not null) as first_queue_group,
    {{ first_filled("team_id", "position") }} as first_team_id,
    {{ first_filled("case when answered_at is not null then agent_id end", "position") }} as first_agent_id,
    -- A wait that is unknown in one queue is unknown in all.
    case
        when count(*) filter (where is_first_wait and wait_seconds is null) = 0
        then cast(sum(wait_seconds) filter (where is_first_wait) as bigint)
    end as queue_wait_seconds,
    nullif(max_by(coalesce(queue_outcome, ''), position) filter (where is_first_wait), '') as queue_outcome,
    count(*) filter (where queue_outcome = 'callback') > 0 as has_requested_callback,
    {{ any_known("is_answered") }} as is_answered,
    bool_or(queue_id is not null or enqueued_at is not null) as is_queued,
    min(first_answered_at) as first_answered_at,
    max(ended_at) as last_ended_at,
    bool_and(is_order_possible) as is_order_possible
from leg_waits
group by contact_key
