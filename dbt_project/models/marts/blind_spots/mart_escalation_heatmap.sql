-- One row per centre, pair of dimension values, window, attribution and metric.
-- Attribution `touched`: a journey counts in every cell that one of its contacts or cases touched.
with
    cell_confidences as (
        select
            c.*,
            c.n_undecidable / cast(c.n_exposed as double) as undecidable_share,
            (1 - c.n_undecidable / cast(c.n_exposed as double))
            * coalesce(k.seen_share, cast(1 as double)) as data_confidence,
            -- Undecidable journeys blind a cell too. A blind spot that explains less than half of them is not
            -- what blinds the cell, and one below `top_blind_spot_min_share` blinds nothing.
            case
                when
                    k.top_affected_share >= {{ threshold("top_blind_spot_min_share") }}
                    and k.top_affected_share >= 0.5 * c.n_undecidable / cast(c.n_exposed as double)
                then k.top_blind_spot_id
            end as top_blind_spot_id
        from {{ ref("int_heatmap__counts") }} as c
        left join
            {{ ref("int_heatmap__cell_confidence") }} as k
            on c.cell_key = k.cell_key
            and c.metric_id = k.metric_id
    ),

    graded_cells as (
        select
            g.*,
            case
                when data_confidence >= {{ threshold("grade_a_min") }}
                then 'A'
                when data_confidence >= {{ threshold("grade_b_min") }}
                then 'B'
                when data_confidence >= {{ threshold("grade_c_min") }}
                then 'C'
                else 'D'
            end as grade
        from cell_confidences as g
    )

select
    s.centre,
    s.dim_x,
    s.value_x,
    -- Name and id together stay unique where two teams share a name.
    case
        when t.team <> t.team_id then {{ dbt.concat(["t.team", "' ('", "t.team_id", "')'"]) }} else s.value_x
    end as label_x,
    s.dim_y,
    s.value_y,
    s.window_type,
    s.window_start,
    s.window_end,
    'touched' as attribution,
    metric_id,
    metric_id as measure,
    n_exposed,
    case when n_undecidable < n_exposed then n_observed end as n_observed,
    n_undecidable,
    coalesce(d.n_deleted, 0) as n_deleted,
    n_observed / nullif(cast(n_exposed - n_undecidable as double), 0) as rate,
    n_observed / cast(n_exposed as double) as rate_low,
    (n_observed + n_undecidable) / cast(n_exposed as double) as rate_high,
    undecidable_share,
    false as is_missing_volume_estimated,
    data_confidence,
    grade,
    case
        when undecidable_share > 0.5 or grade = 'D'
        then 'blind'
        when n_exposed < {{ threshold("min_n") }}
        then 'suppressed'
        when n_observed < {{ threshold("stable_observed_min") }}
        then 'unstable'
        else 'unranked'
    end as state,
    case
        when undecidable_share > 0.5
        then 'more than half of the journeys are undecidable'
        when grade = 'D'
        then 'data confidence below grade C'
        when n_exposed < {{ threshold("min_n") }}
        then 'too few journeys'
    end as suppress_reason,
    top_blind_spot_id
from graded_cells as s
left join {{ ref("dim_team") }} as t on s.dim_x = 'team' and s.centre = t.centre and s.value_x = t.team_id
left join {{ ref("int_heatmap__deleted") }} as d on s.cell_key = d.cell_key
