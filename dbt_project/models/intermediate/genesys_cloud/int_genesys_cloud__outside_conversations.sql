-- One row per conversation with somebody outside, with its media, its direction and its addresses.
-- Where it began inside, or goes back to a customer, the number that was dialled is the customer's.
{% set outside = "purpose in " ~ genesys_cloud_outsiders() %}
with
    session_positions as (
        select
            s.*,
            row_number() over (
                partition by source_instance, conversation_id
                order by
                    case purpose when 'customer' then 0 when 'external' then 1 else 2 end nulls last,
                    participant_number nulls last,
                    session_number nulls last,
                    session_id nulls last
            ) as place,
            row_number() over (
                partition by source_instance, conversation_id, is_handling
                order by
                    handled_since_at nulls first,
                    participant_number nulls last,
                    session_number nulls last,
                    session_id nulls last
            ) as turn
        from {{ ref("int_genesys_cloud__sessions") }} as s
    ),

    session_totals as (
        select
            source_instance,
            conversation_id,
            {{ first_filled("media_type", "place") }} as media_type,
            min_by(direction, place) filter (where {{ outside }}) as direction,
            {% for column in ["ani", "dnis", "callback_number"] %}
                {% for part in [column, column ~ "_status"] %}
                    min_by({{ part }}, place) filter (
                        where {{ outside }} and {{ column }}_status is not null
                    ) as {{ part }},
                {% endfor %}
            {% endfor %}
            bool_or(media_type = 'callback' and campaign_id is null) as is_callback,
            bool_or(is_internal) as is_internal,
            bool_or(is_from_inside) as is_from_inside,
            bool_or(is_picked_up) as is_picked_up,
            bool_or(is_handling and is_dialling and is_picked_up is null) as may_be_picked_up,
            max_by(wrap_up_code, turn) filter (
                where
                    is_handling
                    and wrap_up_code is not null
                    and wrap_up_code not in ('ININ-WRAP-UP-TIMEOUT', 'ININ-WRAP-UP-SKIPPED')
            ) as wrap_up_code
        from session_positions
        group by source_instance, conversation_id
    )

select
    c.*,
    t.media_type,
    case
        when t.is_from_inside then 'inbound' else coalesce(c.originating_direction, t.direction)
    end as direction,
    {% for part in ["ani", "dnis", "dnis_status", "callback_number", "callback_number_status"] %}
        t.{{ part }},
    {% endfor %}
    case when t.is_from_inside then 'internal' else t.ani_status end as ani_status,
    coalesce(t.is_callback, false) as is_callback,
    t.is_picked_up,
    coalesce(t.may_be_picked_up, false) as may_be_picked_up,
    t.wrap_up_code
from {{ ref("stg_genesys_cloud__conversations") }} as c
left join
    session_totals as t on c.source_instance = t.source_instance and c.conversation_id = t.conversation_id
where not coalesce(t.is_internal, false)
