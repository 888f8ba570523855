-- One row per contact record in its newest version, with the record that its chain of transfers began with.
-- Records of flows count as legs where they reached a queue or an agent; `leg_seq` is empty for
-- what is no leg.
{{ config(materialized="table") }}
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
with records as (select * from {{ ref("int_amazon_connect__record_roles") }})

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
inner join
    {{ ref("int_amazon_connect__chain_origins") }} as o
    on r.source_instance = o.source_instance
    and r.contact_id = o.contact_id
left join
    {{ ref("int_amazon_connect__next_records") }} as f
    on r.source_instance = f.source_instance
    and r.contact_id = f.contact_id
left join records as n on r.source_instance = n.source_instance and r.next_contact_id = n.contact_id
