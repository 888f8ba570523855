-- Returns rows (failure) for every group whose items ended in more than one journey: the passes
-- did not suffice.
{{ config(meta={"dagster": {"ref": {"name": "int_journey__item_links"}}}) }}
select m.group_key, count(distinct l.journey_id) as n_journeys
from {{ ref("int_journey__memberships") }} as m
inner join {{ ref("int_journey__item_links") }} as l on m.item_key = l.item_key
group by m.group_key
having count(distinct l.journey_id) > 1
