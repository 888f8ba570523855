-- One row per heatmap cell, metric and blind spot the metric depends on: the share affected there.
with
    metric_links as (
        select m.metric_id, m.blind_spot_id, b.overlap_group
        from {{ ref("metric_blind_spots") }} as m
        inner join {{ ref("blind_spots") }} as b on m.blind_spot_id = b.blind_spot_id
        where b.is_implemented
    ),

    cells as (
        select distinct cell_key, centre, dim_x, value_x, dim_y, value_y, window_type, window_start
        from {{ ref("int_heatmap__counts") }}
    ),

    -- Coverage without a dimension concerns the whole source and so every cell along it.
    {% for dim_x, dim_y in heatmap_pairs() %}
        {{ dim_x }}_{{ dim_y }} as (
            select
                centre,
                window_type,
                window_start,
                blind_spot_id,
                {{ dim_x }} as x,
                {{ dim_y }} as y,
                sum(affected_n + undecidable_n) as affected_n,
                sum(total_n) as total_n
            from {{ ref("cov_windows") }}
            where blind_spot_id in (select l.blind_spot_id from metric_links as l)
            group by 1, 2, 3, 4, 5, 6
        ),
    {% endfor %}

    cell_matches as (
        {% for dim_x, dim_y in heatmap_pairs() %}
            {% set outer_last = loop.last %}
            {% for match_x, match_y in [(true, true), (true, false), (false, true), (false, false)] %}
                select c.cell_key, c.centre, c.window_type, k.blind_spot_id, k.affected_n, k.total_n
                from cells as c
                inner join
                    {{ dim_x }}_{{ dim_y }} as k
                    on c.centre = k.centre
                    and c.window_type = k.window_type
                    and c.window_start = k.window_start
                    and {% if match_x %} c.value_x = k.x
                    {% else %} k.x is null
                    {% endif %} and {% if match_y %} c.value_y = k.y
                    {% else %} k.y is null
                    {% endif %}
                where c.dim_x = '{{ dim_x }}' and c.dim_y = '{{ dim_y }}'
                {% if not (outer_last and loop.last) %}
                    union all
                {% endif %}
            {% endfor %}
        {% endfor %}
    ),

    cell_shares as (
        select
            cell_key,
            centre,
            window_type,
            blind_spot_id,
            sum(affected_n) / nullif(cast(sum(total_n) as double), 0) as affected_share
        from cell_matches
        group by cell_key, centre, window_type, blind_spot_id
    ),

    -- A check that broke has seen nothing: it counts as fully affected wherever it applies.
    broken_checks as (
        select distinct s.centre, r.blind_spot_id
        from {{ ref("stg_judged__blind_spot_results") }} as r
        inner join {{ ref("int_source__spans") }} as s on r.source_instance = s.source_instance
        where r.status = 'errored'
    )

select
    s.cell_key,
    s.centre,
    s.window_type,
    l.metric_id,
    s.blind_spot_id,
    l.overlap_group,
    case when e.blind_spot_id is not null then cast(1 as double) else s.affected_share end as affected_share
from cell_shares as s
inner join metric_links as l on s.blind_spot_id = l.blind_spot_id
left join broken_checks as e on s.centre = e.centre and s.blind_spot_id = e.blind_spot_id
where s.affected_share is not null or e.blind_spot_id is not null
