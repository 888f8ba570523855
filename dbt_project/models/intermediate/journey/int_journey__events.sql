-- One row per event of a journey: a contact, a case opened, a status, a handoff or a recorded escalation.
with
    handoff_units as (
        select coalesce(c.chain_key, i.item_key) as unit_key, min(i.journey_key) as journey_key
        from {{ ref("int_journey__items") }} as i
        left join {{ ref("int_contact__enriched") }} as c on i.item_key = c.contact_key
        group by 1
    )

select
    i.journey_key,
    c.centre,
    c.source_instance,
    c.contact_id as source_key,
    c.started_at as event_at,
    1 as type_order,
    c.contact_key as event_key,
    case when c.is_abandoned then 'contact_abandoned' else 'contact' end as event_type,
    c.first_team_id as team_id,
    c.first_queue_id as queue_id,
    c.channel,
    c.disposition as detail
from {{ ref("int_contact__enriched") }} as c
inner join {{ ref("int_journey__items") }} as i on c.contact_key = i.item_key
union all
select
    i.journey_key,
    c.centre,
    c.source_instance,
    c.case_id,
    c.opened_at,
    2,
    c.case_key,
    'case_opened',
    null,
    null,
    c.channel,
    c.reason
from {{ ref("int_case__enriched") }} as c
inner join {{ ref("int_journey__items") }} as i on c.case_key = i.item_key
union all
select
    i.journey_key,
    v.centre,
    v.source_instance,
    v.case_id,
    v.valid_from,
    3,
    {{ hash_key(["v.case_key", "v.interval_seq"]) }},
    'case_status',
    null,
    null,
    null,
    v.value
from {{ ref("int_case__intervals") }} as v
inner join {{ ref("int_journey__items") }} as i on v.case_key = i.item_key
-- The status at opening is no event of its own.
where v.field = 'status' and (v.interval_seq > 1 or v.valid_from > i.started_at)
union all
select
    u.journey_key,
    h.centre,
    h.source_instance,
    h.unit_id,
    h.handed_at,
    4,
    {{ hash_key(["h.unit_key", "h.handoff_seq"]) }},
    'handoff',
    h.to_team_id,
    null,
    null,
    h.from_team_id
from {{ ref("int_handoff__handoffs") }} as h
inner join handoff_units as u on h.unit_key = u.unit_key
union all
select
    journey_key,
    centre,
    source_instance,
    escalation_id,
    escalated_at,
    5,
    {{ hash_key(["source_instance", "escalation_id"]) }},
    'escalation',
    null,
    null,
    null,
    reason
from {{ ref("int_journey__escalations") }}
where journey_key is not null and origin = 'recorded'
