{# Smallest label reachable from every node through shared groups, by min-label passes.

   nodes(item_key), memberships(item_key, group_key). Each pass halves what is left of a star or
   chain; a test proves that no group joins two components. No recursion: engines bound it. #}
{% macro connected_components(nodes, memberships, passes=8) %}
    label_0 as {{ materialized() }} (select n.item_key, n.item_key as label from {{ nodes }} as n),
    {% for pass in range(1, passes + 1) %}
        group_{{ pass }} as {{ materialized() }} (
            select m.group_key, min(l.label) as label
            from {{ memberships }} as m
            inner join label_{{ pass - 1 }} as l on m.item_key = l.item_key
            group by m.group_key
        ),
        label_{{ pass }} as {{ materialized() }} (
            select l.item_key, min(least(l.label, coalesce(g.label, l.label))) as label
            from label_{{ pass - 1 }} as l
            left join {{ memberships }} as m on l.item_key = m.item_key
            left join group_{{ pass }} as g on m.group_key = g.group_key
            group by l.item_key
        ),
    {% endfor %}
    components as (select item_key, label from label_{{ passes }})
{% endmacro %}
