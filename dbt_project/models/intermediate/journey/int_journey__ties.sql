-- One row per item: its tie, all items that cases and chains hold together on record (rules J1 and J2).
with
    edges as (
        select distinct anchor_key as node, linked_anchor_key as neighbour
        from {{ ref("int_journey__anchors") }}
        where linked_anchor_key is not null
    ),

    {{ connected_components("edges") }}

select a.item_key, coalesce(c.label, a.anchor_key) as tie_key
from {{ ref("int_journey__anchors") }} as a
left join components as c on a.anchor_key = c.node
