-- One row per contact that has legs: its movements and handling times, summed over the legs.
{% set kinds = {"blind": "n_transfers_blind", "consult": "n_transfers_consult", "queue": "n_queue_moves"} %}
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
    -- Of what kind a move was may not be recorded: then none of these counts is known.
    {% for kind, column in kinds.items() %}
        case
            when count(*) filter (where transfer_type is null and position > 1) = 0
            then count(*) filter (where transfer_type = '{{ kind }}')
        end as {{ column }},
    {% endfor %}
    sum(talk_seconds) as talk_seconds,
    sum(hold_seconds) as hold_seconds,
    sum(wrap_up_seconds) as wrap_up_seconds,
    min_by(queue_id, position) filter (where queue_id is not null) as first_queue_id,
    min_by(queue_group, position) filter (where queue_id is not null) as first_queue_group,
    min_by(team_id, position) filter (where team_id is not null) as first_team_id,
    min(enqueued_at) as first_enqueued_at,
    min(answered_at) as first_answered_at,
    max(ended_at) as last_ended_at
from ordered
group by source_instance, contact_id
