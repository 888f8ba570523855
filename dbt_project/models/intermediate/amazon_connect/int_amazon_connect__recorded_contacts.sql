-- One row per contact that has records: a chain of transfers.
with
    chains as (
        select
            centre,
            source_instance,
            root_contact_id as contact_id,
            coalesce(min_by(initial_contact_id, leg_seq), root_contact_id) as chain_id,
            min_by(channel, leg_seq) as channel,
            min_by(task_source, leg_seq) as task_source,
            min_by(direction, leg_seq) filter (where leg_seq = 1) as direction,
            bool_or(initiation_method in {{ amazon_connect_methods(is_callback=true) }}) filter (
                where leg_seq = 1
            ) as is_callback,
            min(initiated_at) as started_at,
            max(disconnected_at) as ended_at,
            {{ null_columns("contacts", ["duration_seconds"]) }},
            {{ first_filled("customer_id", "leg_seq") }} as customer_id,
            min_by(customer_endpoint, leg_seq) filter (where customer_endpoint_status is not null) as ani,
            {{ first_filled("customer_endpoint_status", "leg_seq") }} as ani_status,
            {{ first_filled("customer_email", "leg_seq") }} as email,
            {{ last_filled("case_id", "leg_seq") }} as case_id,
            {{ first_filled("entry_point", "leg_seq") }} as entry_point,
            {{ first_filled("ivr_path", "leg_seq") }} as ivr_path,
            {{ first_filled("reason_entry", "leg_seq") }} as reason_entry,
            {{ last_filled("reason_close", "leg_seq") }} as reason_close,
            {{ last_filled("disposition", "leg_seq") }} as disposition,
            -- How the last stay in a queue ended; `?` where that is unknown.
            max_by(coalesce(queue_outcome, '?'), leg_seq) filter (
                where enqueued_at is not null
            ) as last_outcome,
            count(answered_at) > 0 as has_answer,
            bool_or(is_picked_up) as is_picked_up,
            bool_or(direction = 'outbound' and is_picked_up is null) as may_be_picked_up,
            max_by(disconnected_at is not null, leg_seq) as is_ended,
            not bool_or(is_previous_missing) as is_recorded,
            max(updated_at) as delivered_version_at,
            max(delivered_at) as delivered_at
        from {{ ref("int_amazon_connect__contact_records") }}
        where leg_seq is not null
        group by centre, source_instance, root_contact_id
    )

select
    r.*,
    -- A contact that goes on may still be answered, and legs before a missing one may have been.
    case
        when has_answer
        then true
        when not is_recorded
        then null
        when last_outcome = 'abandoned'
        then false
        when is_picked_up
        then true
        when is_ended and not coalesce(may_be_picked_up, false)
        then false
    end as is_answered,
    case
        when has_answer
        then false
        when not is_recorded
        then null
        when last_outcome = 'abandoned'
        then true
        when is_ended and coalesce(last_outcome, '') <> '?'
        then false
    end as is_abandoned
from chains as r
