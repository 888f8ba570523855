-- One row per conversation, with the attributes that its participants have in its newest export.
{% set from_first = ["customer_id", "entry_point", "ivr_path", "reason_entry"] %}
{% set from_last = ["case_id", "reason_close"] %}
with
    -- The customer's attributes count before anybody else's.
    participant_positions as (
        select
            p.*,
            row_number() over (
                partition by p.source_instance, p.conversation_id
                order by
                    case when p.purpose = 'customer' then 0 else 1 end nulls last,
                    p.participant_number nulls last,
                    p.participant_id nulls last
            ) as position_from_first,
            row_number() over (
                partition by p.source_instance, p.conversation_id
                order by
                    case when p.purpose = 'customer' then 1 else 0 end nulls last,
                    p.participant_number nulls last,
                    p.participant_id nulls last
            ) as position_to_last
        from {{ ref("stg_genesys_cloud__participants") }} as p
        inner join
            {{ ref("stg_genesys_cloud__conversations") }} as c
            on p.source_instance = c.source_instance
            and p.conversation_id = c.conversation_id
            and p.known_until_at = c.known_until_at
            and p.delivered_at = c.delivered_at
    )

select
    source_instance,
    conversation_id
    {%- for column in from_first %}
        , {{ first_filled(column, "position_from_first") }} as {{ column }}
    {%- endfor %}
    {%- for column in from_last %}
        , {{ last_filled(column, "position_to_last") }} as {{ column }}
    {%- endfor %}
from participant_positions
group by source_instance, conversation_id
