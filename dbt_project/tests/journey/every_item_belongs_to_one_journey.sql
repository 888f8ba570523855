-- Returns rows (failure) for every item without a journey, in several, or in one that was never
-- summed up.
{{ config(meta={"dagster": {"ref": {"name": "int_journey__journeys"}}}) }}
select i.item_key, count(l.item_key) as n_links, count(j.journey_key) as n_journeys
from {{ ref("int_journey__candidates") }} as i
left join {{ ref("int_journey__item_links") }} as l on i.item_key = l.item_key
left join {{ ref("int_journey__journeys") }} as j on l.journey_key = j.journey_key
group by i.item_key
having count(l.item_key) <> 1 or count(j.journey_key) <> 1
