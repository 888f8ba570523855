-- One row per contact record in its newest version, with the record that its chain of transfers began
-- with. Records of flows count as legs where they reached a queue or an agent; `leg_seq` is empty for
-- what is no leg.
{{ config(materialized="table") }}
{% set continuing = amazon_connect_methods(["transfer", "flow", "third_party", "observer"]) %}
{% set machines = [
    "VOICEMAIL_BEEP",
    "VOICEMAIL_NO_BEEP",
    "AMD_UNANSWERED",
    "SIT_TONE_DETECTED",
    "SIT_TONE_BUSY",
    "SIT_TONE_INVALID_NUMBER",
    "FAX_MACHINE_DETECTED",
] %}
{% set queue_outcomes = {
    "abandoned": ["CUSTOMER_DISCONNECT"],
    "flow_out": ["CONTACT_FLOW_DISCONNECT"],
    "rejected": ["AGENT_DISCONNECT", "AGENT_NETWORK_DISCONNECT", "BARGED", "DISCARDED"],
    "system": [
        "TELECOM_PROBLEM",
        "THIRD_PARTY_DISCONNECT",
        "SYSTEM_ERROR",
        "CUSTOMER_CONNECTION_NOT_ESTABLISHED",
        "IDLE_DISCONNECT",
        "EXPIRED",
        "API",
        "OTHER",
    ],
} %}
with
    versions as (select * from {{ ref("stg_amazon_connect__contact_records") }}),

    -- A source that never tells when customers were connected does not tell that they were not.
    stamped_sources as (
        select source_instance from versions group by source_instance having count(connected_to_system_at) > 0
    ),

    placed as (
        select
            v.*,
            {{ amazon_connect_direction() }} as direction,
            case
                when v.initiation_method in {{ amazon_connect_methods(["third_party", "observer"]) }}
                then false
                when v.initiation_method in {{ amazon_connect_methods(["flow"]) }}
                then
                    v.queue_id is not null or v.enqueued_at is not null or v.connected_to_agent_at is not null
                else true
            end as is_leg,
            case
                when v.initiation_method in {{ continuing }}
                then
                    coalesce(
                        v.previous_contact_id,
                        nullif(v.initial_contact_id, v.contact_id),
                        v.related_contact_id
                    )
            end as continued_contact_id,
            s.source_instance is not null as has_system_stamps
        from versions as v
        left join stamped_sources as s on v.source_instance = s.source_instance
    ),

    -- Of calls to customers: whether they picked up. An agent's end is connected before.
    records as (
        select
            p.*,
            case
                when direction <> 'outbound' or direction is null or channel <> 'VOICE'
                then null
                when answering_machine_status in ('{{ machines | join("', '") }}')
                then false
                when answering_machine_status = 'HUMAN_ANSWERED' or connected_to_system_at is not null
                then true
                when disconnect_reason like 'OUTBOUND%'
                then false
                when has_system_stamps and disconnected_at is not null
                then false
            end as is_picked_up
        from placed as p
    ),

    -- What came of a record: the records that name it as the one before, or that it names as the next.
    followers as (
        select source_instance, contact_id, initiation_method
        from
            (
                select
                    source_instance,
                    coalesce(previous_contact_id, initial_contact_id) as contact_id,
                    initiation_method
                from records
                union all
                select r.source_instance, r.contact_id, n.initiation_method
                from records as r
                inner join
                    records as n on r.source_instance = n.source_instance and r.next_contact_id = n.contact_id
            ) as f
        where contact_id is not null
    ),

    followed as (
        select
            source_instance,
            contact_id,
            bool_or(initiation_method in {{ amazon_connect_methods(is_callback=true) }}) as has_callback,
            bool_or(initiation_method in {{ amazon_connect_methods(["transfer"]) }}) as has_transfer
        from followers
        group by source_instance, contact_id
    ),

    -- Each step doubles the length of the chains that are followed to their end.
    step_0 as (
        select
            r.source_instance,
            r.contact_id,
            coalesce(p.contact_id, r.contact_id) as origin_id,
            coalesce(
                r.initiation_method in {{ amazon_connect_methods(["transfer"]) }}
                and r.continued_contact_id is not null
                and p.contact_id is null,
                false
            ) as is_previous_missing
        from records as r
        left join
            records as p on r.source_instance = p.source_instance and r.continued_contact_id = p.contact_id
    ),

    {% for step in range(1, 6) %}
        step_{{ step }} as (
            select s.source_instance, s.contact_id, s.is_previous_missing, o.origin_id
            from step_{{ step - 1 }} as s
            inner join
                step_{{ step - 1 }} as o
                on s.source_instance = o.source_instance
                and s.origin_id = o.contact_id
        ),
    {% endfor %}

    origins as (
        select
            s.source_instance,
            s.contact_id,
            s.is_previous_missing,
            -- Where the record that a transfer left is missing, the chain still names its first contact.
            case
                when o.initiation_method in {{ continuing }}
                then coalesce(o.initial_contact_id, o.continued_contact_id, o.contact_id)
                else o.contact_id
            end as root_contact_id
        from step_5 as s
        inner join records as o on s.source_instance = o.source_instance and s.origin_id = o.contact_id
    )

select
    r.*,
    case
        when r.direction = 'outbound' and not coalesce(r.is_picked_up, false)
        then null
        when r.direction = 'outbound' and r.connected_to_system_at > r.connected_to_agent_at
        then r.connected_to_system_at
        else r.connected_to_agent_at
    end as answered_at,
    case
        when r.enqueued_at is null
        then null
        when r.connected_to_agent_at is not null
        then case when r.is_picked_up = false then 'unreached' else 'answered' end
        when f.has_callback
        then 'callback'
        when f.has_transfer
        then 'flow_out'
        when r.is_picked_up = false
        then 'unreached'
        {% for outcome, reasons in queue_outcomes.items() %}
            when upper(r.disconnect_reason) in ('{{ reasons | join("', '") }}')
            -- A next record that did not come may be a callback.
            then
                {% if outcome == "abandoned" %}
                    case when r.next_contact_id is null or n.contact_id is not null then 'abandoned' end
                {% else %} '{{ outcome }}'
                {% endif %}
        {% endfor %}
    end as queue_outcome,
    o.root_contact_id,
    o.is_previous_missing,
    case
        when r.is_leg
        then
            row_number() over (
                partition by r.source_instance, o.root_contact_id, r.is_leg
                order by
                    r.initiated_at nulls last,
                    case when r.contact_id = o.root_contact_id then 0 else 1 end nulls last,
                    r.contact_id nulls last
            )
    end as leg_seq
from records as r
inner join origins as o on r.source_instance = o.source_instance and r.contact_id = o.contact_id
left join followed as f on r.source_instance = f.source_instance and r.contact_id = f.contact_id
left join records as n on r.source_instance = n.source_instance and r.next_contact_id = n.contact_id
