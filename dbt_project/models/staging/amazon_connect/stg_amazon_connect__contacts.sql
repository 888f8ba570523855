-- One row per contact: a chain of transfers, or one that only events and analyses tell of.
{% set told_by_events = [
    "contact_id",
    "chain_id",
    "channel",
    "direction",
    "started_at",
    "ended_at",
    "is_answered",
] %}
with
    records as (select * from {{ ref("stg_amazon_connect__contact_records") }}),

    events as ({{ staged("contact_events", "raw_amazon_connect") }}),

    analyses as ({{ staged("analyses", "raw_amazon_connect") }}),

    recorded as (
        select
            centre,
            source_instance,
            root_contact_id as contact_id,
            coalesce(min_by(initial_contact_id, leg_seq), root_contact_id) as chain_id,
            min_by(channel, leg_seq) as channel,
            min_by(task_source, leg_seq) as task_source,
            min_by(initiation_method, leg_seq) as direction,
            min(initiated_at) as started_at,
            max(disconnected_at) as ended_at,
            min_by(customer_id, leg_seq) filter (where customer_id is not null) as customer_id,
            min_by(customer_endpoint, leg_seq) filter (where customer_endpoint_status is not null) as ani,
            min_by(customer_endpoint_status, leg_seq) filter (
                where customer_endpoint_status is not null
            ) as ani_status,
            min_by(customer_email, leg_seq) filter (where customer_email is not null) as email,
            max_by(case_id, leg_seq) filter (where case_id is not null) as case_id,
            min_by(entry_point, leg_seq) filter (where entry_point is not null) as entry_point,
            min_by(ivr_path, leg_seq) filter (where ivr_path is not null) as ivr_path,
            min_by(reason_entry, leg_seq) filter (where reason_entry is not null) as reason_entry,
            max_by(reason_close, leg_seq) filter (where reason_close is not null) as reason_close,
            max_by(disposition, leg_seq) filter (where disposition is not null) as disposition,
            count(connected_to_agent_at) = 0 and count(enqueued_at) > 0 as is_abandoned,
            count(connected_to_agent_at) > 0 as is_answered,
            max(updated_at) as delivered_version_at,
            max(delivered_at) as delivered_at
        from records
        group by centre, source_instance, root_contact_id
    ),

    -- Events are delivered where possible: what they do not tell is unknown.
    heard_of as (
        select
            centre,
            source_instance,
            case
                when initiation_method in ('TRANSFER', 'QUEUE_TRANSFER')
                then coalesce(initial_contact_id, contact_id)
                else contact_id
            end as contact_id,
            max(initial_contact_id) as chain_id,
            max(channel) as channel,
            max(initiation_method) as direction,
            min(initiated_at) as started_at,
            max(disconnected_at) as ended_at,
            case when count(connected_to_agent_at) > 0 then true end as is_answered,
            max(delivered_at) as delivered_at
        from events
        group by 1, 2, 3
        having min(initiated_at) is not null and max(channel) is not null
        union all
        select
            centre,
            source_instance,
            contact_id,
            {{ unfilled("contacts", ["chain_id"]) }},
            max(channel) as channel,
            {{ unfilled("contacts", ["direction"]) }},
            min(started_at) as started_at,
            {{ unfilled("contacts", ["ended_at", "is_answered"]) }},
            max(delivered_at) as delivered_at
        from analyses
        where contact_id is not null
        group by 1, 2, 3
        having min(started_at) is not null and max(channel) is not null
    ),

    known_otherwise as (
        select
            h.*,
            row_number() over (
                partition by h.source_instance, h.contact_id order by h.direction nulls last, h.started_at
            ) as choice
        from heard_of as h
        left join
            (
                select source_instance, contact_id
                from records
                union
                select source_instance, root_contact_id
                from records
            ) as r
            on h.source_instance = r.source_instance
            and h.contact_id = r.contact_id
        where r.contact_id is null
    ),

    contacts as (
        select centre, source_instance, delivered_at, task_source, {{ contract()["contacts"] | join(", ") }}
        from recorded
        union all
        select
            centre,
            source_instance,
            delivered_at,
            cast(null as {{ landed_type("text") }}) as task_source
            {%- for column in contract()["contacts"] %}
                ,
                {% if column in told_by_events %} {{ column }}
                {% else %} {{ unfilled("contacts", [column]) }}
                {% endif %}
            {%- endfor %}
        from known_otherwise
        where choice = 1
    )

select
    centre,
    source_instance,
    delivered_at,
    coalesce(chain_id, contact_id) as chain_id,
    -- A task stands for whatever made it.
    case when channel = 'TASK' then coalesce(task_source, 'task') else lower(channel) end as channel,
    case
        direction
        when 'OUTBOUND'
        then 'outbound'
        when 'INBOUND'
        then 'inbound'
        when 'API'
        then 'inbound'
        else lower(direction)
    end as direction
    {%- for column in contract()["contacts"] if column not in ("chain_id", "channel", "direction") %}
        , {{ column }}
    {%- endfor %}
from contacts
