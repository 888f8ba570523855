-- Returns rows (failure) for every item of unknown reason that J4 ties to a neighbour although a
-- case or chain already ties it to a known reason.
{{ config(meta={"dagster": {"ref": {"name": "int_journey__memberships"}}}) }}
with
    explicit as (
        select m.item_key, m.group_key, i.reason
        from {{ ref("int_journey__memberships") }} as m
        inner join {{ ref("int_journey__items") }} as i on m.item_key = i.item_key
        where m.rule in ('J1', 'J2')
    )

select distinct u.item_key
from {{ ref("int_journey__memberships") }} as m
inner join explicit as u on m.item_key = u.item_key and u.reason is null
inner join explicit as k on u.group_key = k.group_key and k.reason is not null
where m.rule = 'J4'
