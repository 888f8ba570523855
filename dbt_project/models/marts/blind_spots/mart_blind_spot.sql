-- One row per blind spot, source instance, scope and window that is due an answer.
-- Every registered blind spot is due one for every source; silence shows as not_assessed.
with
    due as (
        select
            b.blind_spot_id,
            s.centre,
            s.source_instance,
            'source' as scope_type,
            s.source_instance as scope_id,
            w.window_type,
            w.window_start,
            w.window_end
        from {{ ref("blind_spots") }} as b
        cross join {{ ref("int_source__spans") }} as s
        inner join {{ ref("int_window__windows") }} as w on s.centre = w.centre
        where b.is_implemented or w.window_type = 'span'
        union
        select
            blind_spot_id,
            centre,
            source_instance,
            scope_type,
            scope_id,
            window_type,
            window_start,
            window_end
        from {{ ref("cov_scopes") }}
    ),

    assessed as (select distinct blind_spot_id, source_instance from {{ ref("cov_scopes") }}),

    judged as (select * from {{ ref("stg_judged__blind_spot_results") }}),

    -- BS49 judges the judges: how many of their answers were no answers.
    broken as (
        select
            source_instance,
            window_type,
            window_start,
            count(*) as total_n,
            count(*) filter (where status = 'errored') as affected_n
        from judged
        group by 1, 2, 3
    ),

    cells as (
        select b.blind_spot_id, b.centre, count(distinct b.cell_key) as n_cells
        from {{ ref("int_heatmap__cell_blind_spots") }} as b
        where b.window_type = 'span' and b.affected_share > 0
        group by b.blind_spot_id, b.centre
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
    d.blind_spot_id,
    b.name,
    d.centre,
    d.source_instance,
    d.scope_type,
    d.scope_id,
    d.window_type,
    d.window_start,
    d.window_end,
    case
        when d.blind_spot_id = 'BS49'
        then case when k.affected_n > 0 then 'blind' when k.total_n > 0 then 'ok' else 'not_applicable' end
        when not b.is_implemented or a.blind_spot_id is null
        then 'not_assessed'
        when coalesce(m.total_n, 0) = 0
        then 'not_applicable'
        else coalesce(j.status, 'not_assessed')
    end as status,
    cast(
        coalesce(m.affected_n, case when d.blind_spot_id = 'BS49' then k.affected_n end) as bigint
    ) as affected_n,
    cast(m.undecidable_n as bigint) as undecidable_n,
    cast(coalesce(m.total_n, case when d.blind_spot_id = 'BS49' then k.total_n end) as bigint) as total_n,
    -- A check that broke has seen nothing.
    coalesce(
        case when j.status = 'errored' then cast(1 as double) end,
        m.affected_share,
        case when d.blind_spot_id = 'BS49' then k.affected_n / nullif(cast(k.total_n as double), 0) end
    ) as affected_share,
    b.severity,
    b.overlap_group,
    b.nest_group,
    m.first_seen_date,
    m.last_seen_date,
    b.owner_function,
    r.breaks_affected,
    coalesce(t.metrics_affected, '') as metrics_affected,
    coalesce(t.metrics_affected, '') as measures_affected,
    case
        when d.scope_type = 'source' and d.window_type = 'span' and m.affected_n + m.undecidable_n > 0
        then coalesce(c.n_cells, 0)
        else 0
    end as n_cells_affected,
    b.remedy
from due as d
inner join {{ ref("blind_spots") }} as b on d.blind_spot_id = b.blind_spot_id
left join assessed as a on d.blind_spot_id = a.blind_spot_id and d.source_instance = a.source_instance
left join
    {{ ref("cov_scopes") }} as m
    on d.blind_spot_id = m.blind_spot_id
    and d.source_instance = m.source_instance
    and d.scope_type = m.scope_type
    and d.scope_id = m.scope_id
    and d.window_type = m.window_type
    and d.window_start = m.window_start
left join
    judged as j
    on d.blind_spot_id = j.blind_spot_id
    and d.source_instance = j.source_instance
    and d.scope_type = j.scope_type
    and d.scope_id = j.scope_id
    and d.window_type = j.window_type
    and d.window_start = j.window_start
left join
    broken as k
    on d.scope_type = 'source'
    and d.source_instance = k.source_instance
    and d.window_type = k.window_type
    and d.window_start = k.window_start
left join cells as c on d.blind_spot_id = c.blind_spot_id and d.centre = c.centre
left join metrics as t on d.blind_spot_id = t.blind_spot_id
left join breaks as r on d.blind_spot_id = r.blind_spot_id
