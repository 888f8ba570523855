-- One row per contact that has legs: its movements and handling times, summed over the legs.
-- Whether a leg began with a transfer, and of what kind, may not be recorded, or in a word outside the
-- vocabulary: then the counts are unknown.
-- So are times of which an answered leg does not tell: what is known of the others is no total.
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
    ordered as (
        select
            l.*,
            row_number() over (
                partition by source_instance, contact_id order by started_at, leg_seq
            ) as position
        from {{ ref("int_contact__legs") }} as l
    )

select
    source_instance,
    contact_id,
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
    min(enqueued_at) as first_enqueued_at,
    min(answered_at) as first_answered_at,
    max(ended_at) as last_ended_at,
    bool_and(is_order_possible) as is_order_possible
from ordered
group by source_instance, contact_id
