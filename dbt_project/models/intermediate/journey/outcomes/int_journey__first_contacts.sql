-- One row per journey that a customer began with a contact: whether that contact settled it.
-- It did not if the customer came back for the same reason, if it went to another tier, or if its case was
-- opened again within the same time. A contact without a case has none to be opened again.
{% set until = dbt.dateadd("day", threshold_literal("repeat_window_medium_days"), "c.started_at") %}
with
    leg_tiers as (
        select
            contact_key,
            case
                when min(queue_tier) <> max(queue_tier)
                then true
                when count(*) = count(queue_tier) or count(*) = 1
                then false
            end as has_two_tiers
        from {{ ref("int_contact__legs") }}
        where queue_id is not null
        group by contact_key
    ),

    contacts as (
        select
            i.journey_key,
            c.contact_key,
            j.started_at as journey_started_at,
            j.is_reopened as is_journey_reopened,
            j.is_escalated,
            c.started_at,
            c.is_answered,
            c.n_transfers,
            c.has_requested_callback,
            f.is_medium_window_over as is_window_over,
            f.is_medium_repeat as is_repeat,
            case when c.n_transfers = 0 then false else t.has_two_tiers end as is_moved_to_another_tier,
            case
                when c.case_key is null
                then false
                when r.first_reopened_at <= {{ until }}
                then true
                when k.is_reopened
                then case when r.first_reopened_at is not null then false end
                else k.is_reopened
            end as is_reopened_soon,
            count(case when not coalesce(c.is_callback, false) then 1 end) over (
                partition by i.journey_key
            ) as n_chains,
            row_number() over (
                partition by i.journey_key order by c.started_at nulls last, c.contact_key nulls last
            ) as contact_seq
        from {{ ref("int_contact__follow_ups") }} as f
        inner join {{ ref("int_contact__enriched") }} as c on f.contact_key = c.contact_key
        inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
        inner join {{ ref("int_journey__journeys") }} as j on i.journey_key = j.journey_key
        left join leg_tiers as t on c.contact_key = t.contact_key
        left join {{ ref("int_case__enriched") }} as k on c.case_key = k.case_key
        left join {{ ref("int_case__resolutions") }} as r on c.case_key = r.case_key
    )

select
    journey_key,
    contact_key,
    is_answered,
    is_window_over,
    not (is_repeat or is_moved_to_another_tier or is_reopened_soon) as is_settled,
    not (
        is_repeat or n_transfers > 0 or is_reopened_soon or is_escalated or has_requested_callback
    ) as is_settled_strictly,
    not (
        is_repeat
        or is_moved_to_another_tier
        or is_reopened_soon
        or coalesce(is_journey_reopened, is_reopened_soon)
        or n_chains > 1
    ) as is_settled_for_good
from contacts
where contact_seq = 1 and started_at = journey_started_at
