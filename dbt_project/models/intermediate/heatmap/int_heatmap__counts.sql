-- One row per centre, pair of dimension values, window and metric: journeys that touched the cell.
with
    touched_cells as (
        {% for dim_x, dim_y in heatmap_pairs() %}
            select distinct
                journey_key,
                '{{ dim_x }}' as dim_x,
                {{ dim_x }} as value_x,
                '{{ dim_y }}' as dim_y,
                {{ dim_y }} as value_y
            from {{ ref("int_journey__touches") }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),

    -- Few days stand against many journeys: windows are joined to counts.
    daily_counts as (
        select
            o.centre,
            t.dim_x,
            t.value_x,
            t.dim_y,
            t.value_y,
            o.metric_id,
            o.started_date,
            count(*) as n_exposed,
            count(*) filter (where o.outcome) as n_observed,
            count(*) filter (where o.outcome is null) as n_undecidable
        from {{ ref("met_all") }} as o
        inner join touched_cells as t on o.journey_key = t.journey_key
        group by 1, 2, 3, 4, 5, 6, 7
    )

select
    {{ cell_key("d", "w") }} as cell_key,
    d.centre,
    d.dim_x,
    d.value_x,
    d.dim_y,
    d.value_y,
    w.window_type,
    w.window_start,
    w.window_end,
    d.metric_id,
    cast(sum(d.n_exposed) as bigint) as n_exposed,
    cast(sum(d.n_observed) as bigint) as n_observed,
    cast(sum(d.n_undecidable) as bigint) as n_undecidable
from daily_counts as d
inner join
    {{ ref("int_window__windows") }} as w
    on d.centre = w.centre
    and d.started_date >= w.window_start
    and d.started_date < w.window_end
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
