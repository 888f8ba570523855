-- One row per contact record that was not delivered, as other exports mention it.
-- Where any record of a contact was delivered, mentions of the contact do not count.
with
    records as (
        select source_instance, contact_id
        from {{ ref("int_amazon_connect__contact_records") }}
        union
        select source_instance, root_contact_id
        from {{ ref("int_amazon_connect__contact_records") }}
        where leg_seq is not null
    ),

    mention_totals as (
        select
            centre,
            source_instance,
            contact_id,
            min(initial_contact_id) as initial_contact_id,
            min(initiation_method) as initiation_method,
            min(channel) as channel,
            coalesce(min(initiated_at), min(seen_at)) as started_at,
            max(ended_at) as ended_at,
            {{ earliest_filled("queue_id", "coalesce(enqueued_at, seen_at)") }} as queue_id,
            min(enqueued_at) as enqueued_at,
            {{ earliest_filled("agent_id", "connected_to_agent_at") }} as agent_id,
            min(connected_to_agent_at) as connected_to_agent_at,
            min(connected_to_system_at) as connected_to_system_at,
            max(delivered_at) as delivered_at
        from {{ ref("int_amazon_connect__contact_mentions") }}
        group by centre, source_instance, contact_id
    ),

    mentioned_records as (
        select
            g.*,
            {{ amazon_connect_direction() }} as direction,
            case
                when initiation_method in {{ amazon_connect_methods(["transfer", "flow"]) }}
                then coalesce(initial_contact_id, contact_id)
                else contact_id
            end as root_contact_id
        from mention_totals as g
        where
            coalesce(initiation_method, '') not in {{ amazon_connect_methods(["third_party", "observer"]) }}
            and (
                coalesce(initiation_method, '') not in {{ amazon_connect_methods(["flow"]) }}
                or queue_id is not null
                or connected_to_agent_at is not null
            )
    )

select
    g.*,
    -- Customers whom we call are connected after the agent, if at all.
    case
        when g.direction = 'outbound' and g.connected_to_system_at > g.connected_to_agent_at
        then g.connected_to_system_at
        when coalesce(g.direction, '') <> 'outbound' or g.connected_to_system_at is not null
        then g.connected_to_agent_at
    end as answered_at,
    row_number() over (
        partition by g.source_instance, g.root_contact_id
        order by
            case when g.contact_id = g.root_contact_id then 0 else 1 end nulls last,
            g.started_at nulls last,
            g.contact_id nulls last
    ) as leg_seq
from mentioned_records as g
left join records as r on g.source_instance = r.source_instance and g.contact_id = r.contact_id
left join records as o on g.source_instance = o.source_instance and g.root_contact_id = o.contact_id
where r.contact_id is null and o.contact_id is null
