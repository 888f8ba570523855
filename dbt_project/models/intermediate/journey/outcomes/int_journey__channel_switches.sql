-- One row per journey: how often the customer changed the channel from one contact to the next.
-- A case repeats the channel of its contact, so cases count only in journeys without contacts.
with
    touches as (
        select
            i.*,
            max(case when item_type = 'contact' then 1 else 0 end) over (
                partition by journey_key
            ) as has_contacts
        from {{ ref("int_journey__items") }} as i
    ),

    steps as (
        select
            journey_key,
            channel,
            lag(channel) over (
                partition by journey_key order by started_at nulls last, item_key nulls last
            ) as previous_channel
        from touches
        where item_type = 'contact' or has_contacts = 0
    )

select
    journey_key,
    case
        when count(*) = count(channel) then count(*) filter (where channel <> previous_channel)
    end as n_channel_switches
from steps
group by journey_key
