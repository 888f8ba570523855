-- Returns rows (failure) for every case, chain, island or pair of neighbours whose items ended in more
-- than one journey: the passes of the components did not suffice.
{{ config(meta={"dagster": {"ref": {"name": "int_journey__item_links"}}}) }}
with
    links as (
        select item_key, anchor_key as link_key
        from {{ ref("int_journey__anchors") }}
        union all
        select item_key, linked_anchor_key
        from {{ ref("int_journey__anchors") }}
        where linked_anchor_key is not null
        union all
        select item_key, island_key
        from {{ ref("int_journey__islands") }}
        union all
        select item_key, tie_key
        from {{ ref("int_journey__neighbours") }}
        union all
        select neighbour_key, tie_key
        from {{ ref("int_journey__neighbours") }}
    )

select k.link_key, min(l.journey_key) as first_journey_key, max(l.journey_key) as last_journey_key
from links as k
inner join {{ ref("int_journey__item_links") }} as l on k.item_key = l.item_key
group by k.link_key
having min(l.journey_key) <> max(l.journey_key)
