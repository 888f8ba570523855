-- Returns rows (failure) for every item of unknown reason that J4 ties to a neighbour although its case
-- or chain already ties it to a known reason.
{{ config(meta={"dagster": {"ref": {"name": "int_journey__neighbours"}}}) }}
with
    recorded as (
        select item_key, anchor_key as link_key
        from {{ ref("int_journey__anchors") }}
        union all
        select item_key, linked_anchor_key
        from {{ ref("int_journey__anchors") }}
        where linked_anchor_key is not null
    )

select distinct n.item_key
from {{ ref("int_journey__neighbours") }} as n
inner join recorded as u on n.item_key = u.item_key
inner join recorded as k on u.link_key = k.link_key
inner join {{ ref("int_journey__candidates") }} as i on k.item_key = i.item_key
where i.reason is not null
