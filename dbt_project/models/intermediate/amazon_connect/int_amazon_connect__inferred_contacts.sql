-- One row per contact record that was not delivered, as contact events, agents' events, analyses and
-- evaluations tell. None of them is complete, so what they do not tell is unknown. Where any record of
-- a contact came, it counts alone.
{% set missed = "('MISSED', 'REJECTED', 'ERROR')" %}
with
    records as (
        select source_instance, contact_id
        from {{ ref("int_amazon_connect__contact_records") }}
        union
        select source_instance, root_contact_id
        from {{ ref("int_amazon_connect__contact_records") }}
        where leg_seq is not null
    ),

    signs as (
        select
            centre,
            source_instance,
            contact_id,
            initial_contact_id,
            initiation_method,
            channel,
            initiated_at,
            event_at as seen_at,
            disconnected_at as ended_at,
            queue_id,
            enqueued_at,
            agent_id,
            connected_to_agent_at,
            coalesce(
                connected_to_system_at, case when event_type = 'CONNECTED_TO_SYSTEM' then event_at end
            ) as connected_to_system_at,
            delivered_at
        from {{ ref("stg_amazon_connect__contact_events") }} as e
        union all
        select
            centre,
            source_instance,
            contact_id,
            initial_contact_id,
            upper(initiation_method),
            upper(channel),
            null,
            coalesce(queued_at, connected_to_agent_at, state_since_at, event_at),
            null,
            queue_id,
            queued_at,
            agent_id,
            case when coalesce(state, '') not in {{ missed }} then connected_to_agent_at end,
            null,
            delivered_at
        from {{ ref("stg_amazon_connect__agent_event_contacts") }} as a
        union all
        select
            centre,
            source_instance,
            contact_id,
            null,
            null,
            channel,
            started_at,
            coalesce(analysed_at, delivered_at),
            null,
            null,
            null,
            null,
            null,
            null,
            delivered_at
        from {{ ref("stg_amazon_connect__analyses") }} as n
        where contact_id is not null
        union all
        select
            centre,
            source_instance,
            contact_id,
            null,
            null,
            null,
            null,
            coalesce(started_at, submitted_at),
            null,
            null,
            null,
            null,
            null,
            null,
            delivered_at
        from {{ ref("stg_amazon_connect__evaluations") }} as q
    ),

    gathered as (
        select
            centre,
            source_instance,
            contact_id,
            min(initial_contact_id) as initial_contact_id,
            min(initiation_method) as initiation_method,
            min(channel) as channel,
            coalesce(min(initiated_at), min(seen_at)) as started_at,
            max(ended_at) as ended_at,
            {{ first_filled("queue_id", "coalesce(enqueued_at, seen_at)") }} as queue_id,
            min(enqueued_at) as enqueued_at,
            min_by(agent_id, connected_to_agent_at) filter (
                where connected_to_agent_at is not null
            ) as agent_id,
            min(connected_to_agent_at) as connected_to_agent_at,
            min(connected_to_system_at) as connected_to_system_at,
            max(delivered_at) as delivered_at
        from signs
        group by centre, source_instance, contact_id
    ),

    rooted as (
        select
            g.*,
            {{ amazon_connect_direction() }} as direction,
            case
                when initiation_method in {{ amazon_connect_methods(["transfer", "flow"]) }}
                then coalesce(initial_contact_id, contact_id)
                else contact_id
            end as root_contact_id
        from gathered as g
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
from rooted as g
left join records as r on g.source_instance = r.source_instance and g.contact_id = r.contact_id
left join records as o on g.source_instance = o.source_instance and g.root_contact_id = o.contact_id
where r.contact_id is null and o.contact_id is null
