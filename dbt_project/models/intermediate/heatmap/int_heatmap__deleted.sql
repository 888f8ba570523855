-- One row per heatmap cell with cases that were deleted, by what the cases say of themselves.
with
    deleted_cases as (
        select
            c.centre,
            coalesce(c.group_id, '(unknown)') as team,
            coalesce(c.reason, '(unknown)') as reason,
            coalesce(c.channel, '(unknown)') as channel,
            cast({{ local_time("c.opened_at", "s.time_zone") }} as date) as opened_date
        from {{ ref("int_case__enriched") }} as c
        inner join {{ ref("int_source__spans") }} as s on c.source_instance = s.source_instance
        where c.is_deleted
    ),

    cells as (
        {% for dim_x, dim_y in heatmap_pairs() %}
            select
                centre,
                '{{ dim_x }}' as dim_x,
                {{ dim_x }} as value_x,
                '{{ dim_y }}' as dim_y,
                {{ dim_y }} as value_y,
                opened_date
            from deleted_cases
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select {{ cell_key("c", "w") }} as cell_key, cast(count(*) as bigint) as n_deleted
from cells as c
inner join
    {{ ref("int_window__windows") }} as w
    on c.centre = w.centre
    and c.opened_date >= w.window_start
    and c.opened_date < w.window_end
group by 1
