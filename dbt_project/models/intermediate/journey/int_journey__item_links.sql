-- One row per item: the journey it belongs to, named after its smallest item.
with
    item_groups as (
        select t.item_key, coalesce(g.group_key, t.tie_key) as group_key
        from {{ ref("int_journey__ties") }} as t
        left join {{ ref("int_journey__tie_groups") }} as g on t.tie_key = g.tie_key
    ),

    journeys as (select group_key, min(item_key) as journey_key from item_groups group by group_key)

select g.item_key, j.journey_key
from item_groups as g
inner join journeys as j on g.group_key = j.group_key
