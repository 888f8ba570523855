-- One row per journey: what it cost the customer.
-- A contact after the first is a repetition, unless we promised it. Questions that were asked again are
-- known from messages alone.
with
    contacts as (
        select
            i.journey_key,
            count(distinct case when not coalesce(c.is_callback, false) then c.chain_key end) as n_chains,
            case when count(*) = count(c.n_transfers) then sum(c.n_transfers) end as n_transfers
        from {{ ref("int_contact__enriched") }} as c
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        where coalesce(c.is_customer_initiated, true)
        group by i.journey_key
    ),

    messages as (
        select
            journey_key, count(*) filter (where is_reask) as n_reasks, count(*) - count(is_reask) as n_unknown
        from {{ ref("int_voice_of_customer__messages") }}
        where journey_key is not null
        group by journey_key
    ),

    efforts as (
        select
            j.journey_key,
            greatest(coalesce(c.n_chains, 0) - 1, 0) as n_repeats,
            case when c.journey_key is null then 0 else c.n_transfers end as n_transfers,
            s.n_channel_switches,
            case
                when e.is_delivered and coalesce(m.n_unknown, 0) = 0 then coalesce(m.n_reasks, 0)
            end as n_reasks
        from {{ ref("int_journey__journeys") }} as j
        inner join {{ ref("int_source__entities") }} as e on j.centre = e.centre and e.entity = 'messages'
        inner join {{ ref("int_journey__channel_switches") }} as s on j.journey_key = s.journey_key
        left join contacts as c on j.journey_key = c.journey_key
        left join messages as m on j.journey_key = m.journey_key
    )

select
    journey_key,
    cast(n_repeats as bigint) as n_repeats,
    cast(n_transfers as bigint) as n_transfers,
    cast(n_channel_switches as bigint) as n_channel_switches,
    cast(n_reasks as bigint) as n_reasks,
    cast(n_repeats + n_transfers + n_channel_switches as bigint) as effort_without_reasks,
    cast(n_repeats + n_transfers + n_channel_switches + n_reasks as bigint) as effort_index
from efforts
