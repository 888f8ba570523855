-- One row per contact: a chain of transfers, or one whose records are missing, of which something else tells.
with
    records as (select * from {{ ref("int_amazon_connect__contact_records") }}),

    signs as (select * from {{ ref("int_amazon_connect__inferred_contacts") }}),

    recorded as (
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
            {{ unfilled("contacts", ["duration_seconds"]) }},
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
            -- How the last stay in a queue ended; `?` where nobody tells.
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
        from records
        where leg_seq is not null
        group by centre, source_instance, root_contact_id
    ),

    -- What goes on may still be answered, and legs before a missing one may have been.
    judged as (
        select
            r.*,
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
        from recorded as r
    ),

    inferred as (
        select
            centre,
            source_instance,
            root_contact_id as contact_id,
            coalesce(min_by(initial_contact_id, leg_seq), root_contact_id) as chain_id,
            min_by(channel, leg_seq) as channel,
            min_by(direction, leg_seq) filter (where leg_seq = 1) as direction,
            bool_or(initiation_method in {{ amazon_connect_methods(is_callback=true) }}) filter (
                where leg_seq = 1
            ) as is_callback,
            min(started_at) as started_at,
            max(ended_at) as ended_at,
            case when count(answered_at) > 0 then true end as is_answered,
            false as is_recorded,
            max(delivered_at) as delivered_at
        from signs
        group by centre, source_instance, root_contact_id
    ),

    contacts as (
        select centre, source_instance, delivered_at, task_source, {{ contract()["contacts"] | join(", ") }}
        from
            judged
            {% set known = [
                "contact_id",
                "chain_id",
                "channel",
                "direction",
                "started_at",
                "ended_at",
                "is_answered",
                "is_callback",
                "is_recorded",
            ] %}
        union all
        select
            centre,
            source_instance,
            delivered_at,
            cast(null as {{ landed_type("text") }}) as task_source
            {%- for column in contract()["contacts"] %}
                ,
                {% if column in known %} {{ column }}
                {% else %} {{ unfilled("contacts", [column]) }}
                {% endif %}
            {%- endfor %}
        from inferred
    ),

    -- A case lists its contacts as items, and may drop them again.
    items as (
        select
            source_instance,
            case_id,
            item_id,
            max(contact_id) as contact_id,
            max(changed_at) as changed_at,
            bool_or(event_type like '%DELETED') as is_dropped
        from {{ ref("stg_amazon_connect__case_events") }} as e
        where item_id is not null
        group by source_instance, case_id, item_id
    ),

    legs as (
        select source_instance, contact_id, root_contact_id
        from records
        union all
        select source_instance, contact_id, root_contact_id
        from signs
    ),

    filed as (
        select
            i.source_instance,
            l.root_contact_id,
            i.case_id,
            row_number() over (
                partition by i.source_instance, l.root_contact_id
                order by i.changed_at desc nulls last, i.case_id nulls last
            ) as choice
        from items as i
        inner join legs as l on i.source_instance = l.source_instance and i.contact_id = l.contact_id
        where not i.is_dropped
    )

select
    c.centre,
    c.source_instance,
    c.delivered_at,
    -- A task stands for whatever made it.
    case when c.channel = 'TASK' then coalesce(c.task_source, 'task') else lower(c.channel) end as channel,
    coalesce(c.case_id, f.case_id) as case_id
    {%- for column in contract()["contacts"] if column not in ("channel", "case_id") %}
        , c.{{ column }}
    {%- endfor %}
from contacts as c
left join
    filed as f on c.source_instance = f.source_instance and c.contact_id = f.root_contact_id and f.choice = 1
