-- One row per tie that an island or a neighbour joins to others: the group of ties that becomes one
-- journey. A tie within one island takes the island's name, a tie without a reason follows its
-- neighbour. Components are needed only for ties of several islands that have several ties.
with
    edges as (
        select tie_key as node, island_key as neighbour
        from {{ ref("int_journey__tie_islands") }}
        where n_islands > 1 and n_ties > 1
    ),

    {{ connected_components("edges") }},

    -- A tie within one island is represented by it.
    tie_nodes as (
        select distinct tie_key, case when n_islands = 1 then island_key else tie_key end as node
        from {{ ref("int_journey__tie_islands") }}
        where n_ties > 1
    ),

    tie_components as (
        select s.tie_key, coalesce(c.label, s.node) as group_key
        from tie_nodes as s
        left join components as c on s.node = c.node
    )

select tie_key, group_key
from tie_components
union all
select n.tie_key, coalesce(j.group_key, t.tie_key) as group_key
from {{ ref("int_journey__neighbours") }} as n
inner join {{ ref("int_journey__ties") }} as t on n.neighbour_key = t.item_key
left join tie_components as j on t.tie_key = j.tie_key
