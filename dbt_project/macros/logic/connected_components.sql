{# CTEs that end in `components(node, label)`: the smallest node that edges connect a node to, however far.

   `edges` is a relation (node, neighbour) in either direction; a node without an edge has no row.
   Each pass merges every node into the smallest node of its neighbourhood and hashes the names anew, so that no
   order of names is a bad one. About half of the nodes of a chain remain after a pass, at most two thirds of any
   graph: 30 passes settle chains of a billion nodes and every graph of a hundred thousand. Edges within a merged
   node disappear, so that all passes together cost as much as the first two or three. No recursion: engines bound
   it. A test proves that no edge joins two components of the journeys. #}
{% macro connected_components(edges, passes=30) %}
    {{ return(adapter.dispatch("connected_components", "faultline")(edges, passes)) }}
{% endmacro %}

{# Engines that compute a CTE anew for each of its readers: a pass reads the one before it once, so edges never
   become fewer. Of each edge and its mirror image one row knows the new label of the other's node. #}
{% macro default__connected_components(edges, passes) %}
    {%- set same_edge = "partition by least(node, neighbour), greatest(node, neighbour)" -%}
    labelled_0 as (
        select node, neighbour, node as label, neighbour as neighbour_label
        from {{ edges }}
        where node <> neighbour
        union
        select neighbour, node, neighbour, node
        from {{ edges }}
        where node <> neighbour
    ),
    {% for pass in range(1, passes + 1) %}
        merged_{{ pass }} as (
            select
                node,
                neighbour,
                {{ dbt.hash("least(label, min(neighbour_label) over (partition by label))") }} as label
            from labelled_{{ pass - 1 }}
        ),
        labelled_{{ pass }} as (
            select
                node,
                neighbour,
                label,
                case
                    when node < neighbour
                    then max(case when node > neighbour then label end) over ({{ same_edge }})
                    else max(case when node < neighbour then label end) over ({{ same_edge }})
                end as neighbour_label
            from merged_{{ pass }}
        ),
    {% endfor %}
    components as (
        select distinct node, min(node) over (partition by label) as label from labelled_{{ passes }}
    )
{% endmacro %}

{% macro duckdb__connected_components(edges, passes) %}
    edges_1 as {{ materialized() }} (
        select node, neighbour
        from {{ edges }}
        where node <> neighbour
        union
        select neighbour, node
        from {{ edges }}
        where node <> neighbour
    ),
    {% for pass in range(1, passes + 1) %}
        merged_{{ pass }} as {{ materialized() }} (
            select node, {{ dbt.hash("least(node, min(neighbour))") }} as label
            from edges_{{ pass }}
            group by node
        ),
        {% if not loop.last %}
            -- Two steps, because joining three relations of unknown size at once may end in a cross product.
            moved_{{ pass }} as {{ materialized() }} (
                select m.label as node, e.neighbour
                from edges_{{ pass }} as e
                inner join merged_{{ pass }} as m on e.node = m.node
            ),
            edges_{{ pass + 1 }} as {{ materialized() }} (
                select distinct e.node, m.label as neighbour
                from moved_{{ pass }} as e
                inner join merged_{{ pass }} as m on e.neighbour = m.node
                where e.node <> m.label
            ),
        {% endif %}
    {% endfor %}
    labels_{{ passes }} as (select node, label from merged_{{ passes }}),
    {% for pass in range(passes - 1, 0, -1) %}
        labels_{{ pass }} as {{ materialized() }} (
            select m.node, coalesce(l.label, m.label) as label
            from merged_{{ pass }} as m
            left join labels_{{ pass + 1 }} as l on m.label = l.node
        ),
    {% endfor %}
    components as (
        select l.node, m.label
        from labels_1 as l
        inner join
            (select label as merged_label, min(node) as label from labels_1 group by label) as m
            on l.label = m.merged_label
    )
{% endmacro %}
