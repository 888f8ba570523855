-- One row per blind spot, source instance, scope and window that is due an answer.
-- Every registered blind spot is due one for every source; silence shows as not_assessed.
-- `int_blind_spot__verdicts` counts BS49, the judges that broke.
with
    cells as (
        select blind_spot_id, centre, count(distinct cell_key) as n_cells
        from {{ ref("int_heatmap__cell_blind_spots") }}
        where window_type = 'span' and affected_share > 0
        group by blind_spot_id, centre
    ),

    metrics as (
        select
            blind_spot_id,
            {{ dbt.listagg("metric_id", "','", "order by metric_id nulls last") }} as metrics_affected
        from {{ ref("metric_blind_spots") }}
        group by blind_spot_id
    ),

    breaks as (
        select
            blind_spot_id,
            {{ dbt.listagg("break_id", "';'", "order by break_id nulls last") }} as breaks_affected
        from {{ ref("blind_spot_breaks") }}
        group by blind_spot_id
    )

select
    v.blind_spot_id,
    b.name,
    v.centre,
    v.source_instance,
    v.scope_type,
    v.scope_id,
    v.window_type,
    v.window_start,
    v.window_end,
    v.status,
    cast(v.affected_n as bigint) as affected_n,
    cast(v.undecidable_n as bigint) as undecidable_n,
    cast(v.total_n as bigint) as total_n,
    v.affected_share,
    b.severity,
    b.overlap_group,
    b.nest_group,
    v.first_seen_date,
    v.last_seen_date,
    b.owner_function,
    r.breaks_affected,
    coalesce(t.metrics_affected, '') as metrics_affected,
    coalesce(t.metrics_affected, '') as measures_affected,
    case
        when v.scope_type = 'source' and v.window_type = 'span' and v.affected_n + v.undecidable_n > 0
        then coalesce(c.n_cells, 0)
        else 0
    end as n_cells_affected,
    b.remedy
from {{ ref("int_blind_spot__verdicts") }} as v
inner join {{ ref("blind_spots") }} as b on v.blind_spot_id = b.blind_spot_id
left join cells as c on v.blind_spot_id = c.blind_spot_id and v.centre = c.centre
left join metrics as t on v.blind_spot_id = t.blind_spot_id
left join breaks as r on v.blind_spot_id = r.blind_spot_id
