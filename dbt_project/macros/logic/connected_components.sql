{# Smallest label reachable from every node through shared groups, by min-label passes.

   nodes(item_key), memberships(item_key, group_key). Each pass spreads labels through groups and
   then jumps to the label's own label, so that chains shrink by a factor and not by a step: eight
   passes settle chains of hundreds of groups. A test proves that no group joins two components. No
   recursion: engines bound it. #}
{% macro connected_components(nodes, memberships, passes=8) %}
    label_0 as {{ materialized() }} (select n.item_key, n.item_key as label from {{ nodes }} as n),
    {% for pass in range(1, passes + 1) %}
        group_{{ pass }} as {{ materialized() }} (
            select m.group_key, min(l.label) as label
            from {{ memberships }} as m
            inner join label_{{ pass - 1 }} as l on m.item_key = l.item_key
            group by m.group_key
        ),
        -- What a node hears it tells its own label too, or a chain would grow by one node a pass.
        heard_{{ pass }} as {{ materialized() }} (
            select l.item_key, l.label as told, least(l.label, min(coalesce(g.label, l.label))) as label
            from label_{{ pass - 1 }} as l
            left join {{ memberships }} as m on l.item_key = m.item_key
            left join group_{{ pass }} as g on m.group_key = g.group_key
            group by l.item_key, l.label
        ),
        spread_{{ pass }} as {{ materialized() }} (
            select item_key, min(label) as label
            from
                (
                    select item_key, label
                    from heard_{{ pass }}
                    union all
                    select told as item_key, label
                    from heard_{{ pass }}
                ) as said
            group by item_key
        ),
        label_{{ pass }} as {{ materialized() }} (
            select s.item_key, ahead.label
            from spread_{{ pass }} as s
            inner join spread_{{ pass }} as ahead on s.label = ahead.item_key
        ),
    {% endfor %}
    components as (select item_key, label from label_{{ passes }})
{% endmacro %}
