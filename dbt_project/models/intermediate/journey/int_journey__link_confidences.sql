-- One row per journey that rule J3 or J4 holds together: how sure its weakest link is.
-- Both are no surer than the customers they rest on; J1 and J2 are recorded, and sure.
with
    links as (
        select min(item_key) as item_key, min(link_confidence) as link_confidence
        from {{ ref("int_journey__islands") }}
        group by island_key
        having count(*) > 1
        union all
        select item_key, link_confidence
        from {{ ref("int_journey__neighbours") }}
    )

select l.journey_key, min(k.link_confidence) as link_confidence_min
from links as k
inner join {{ ref("int_journey__item_links") }} as l on k.item_key = l.item_key
group by l.journey_key
