-- One row per journey: its first values, its times and how many items it has.
with
    item_order as (
        select
            i.centre,
            i.journey_key,
            i.item_type,
            i.source_instance,
            i.customer_id,
            i.customer_key,
            i.reason,
            i.channel,
            i.started_at,
            i.ended_at,
            i.started_local_at,
            i.ended_local_at,
            row_number() over (
                partition by i.journey_key
                order by
                    i.started_at nulls last,
                    i.item_type nulls last,
                    i.reason nulls last,
                    i.channel nulls last,
                    i.item_key nulls last
            ) as position
        from {{ ref("int_journey__items") }} as i
    )

select
    centre,
    journey_key,
    min_by(source_instance, position) as source_instance,
    {{ first_filled("customer_id", "position") }} as customer_id,
    {{ first_filled("customer_key", "position") }} as customer_key,
    {{ first_filled("reason", "position") }} as reason,
    {{ first_filled("channel", "position") }} as first_channel,
    min(started_at) as started_at,
    max(ended_at) as ended_at,
    cast(min(started_local_at) as date) as started_date,
    cast(max(ended_local_at) as date) as ended_date,
    count(*) filter (where item_type = 'contact') as n_contacts,
    count(*) filter (where item_type = 'case') as n_cases,
    count(distinct channel) as n_channels
from item_order
group by centre, journey_key
