-- One row per tie and island that share an item, with the islands of the tie and the ties of the island.
with
    pairs as (
        select distinct t.tie_key, i.island_key
        from {{ ref("int_journey__ties") }} as t
        inner join {{ ref("int_journey__islands") }} as i on t.item_key = i.item_key
    ),

    ties as (select tie_key, count(*) as n_islands from pairs group by tie_key),

    islands as (select island_key, count(*) as n_ties from pairs group by island_key)

select p.tie_key, p.island_key, t.n_islands, i.n_ties
from pairs as p
inner join ties as t on p.tie_key = t.tie_key
inner join islands as i on p.island_key = i.island_key
