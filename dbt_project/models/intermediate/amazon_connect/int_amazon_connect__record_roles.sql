-- One row per contact record, with its direction, its place in a chain and whether the customer picked up.
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
with
    -- In a source without any moment of connection, a missing one proves nothing.
    stamped_sources as (
        select source_instance
        from {{ ref("stg_amazon_connect__contact_records") }}
        group by source_instance
        having count(connected_to_system_at) > 0
    ),

    record_roles as (
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
            v.initiation_method in {{ continuing }} as is_continuing,
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
        from {{ ref("stg_amazon_connect__contact_records") }} as v
        left join stamped_sources as s on v.source_instance = s.source_instance
    )

select
    p.*,
    -- Whether the customer of an outbound call picked up. The agent's end is connected before.
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
from record_roles as p
