-- One row per heatmap cell and metric with an assessed blind spot: what the data behind it are worth.
-- Product over overlap groups of what the worst blind spot of each group leaves.
with
    overlap_groups as (
        select cell_key, metric_id, overlap_group, max(affected_share) as affected_share
        from {{ ref("int_heatmap__cell_blind_spots") }}
        group by cell_key, metric_id, overlap_group
    ),

    -- Rounded, because a sum of logarithms depends on the order of its terms in the last digits.
    products as (
        select
            cell_key,
            metric_id,
            case
                when max(affected_share) >= 1
                then cast(0 as double)
                else round(exp(sum(ln(1.0 - least(affected_share, 0.999999999)))), 9)
            end as seen_share
        from overlap_groups
        group by cell_key, metric_id
    ),

    ranked_blind_spots as (
        select
            b.*,
            row_number() over (
                partition by cell_key, metric_id
                order by affected_share desc nulls last, blind_spot_id nulls last
            ) as blind_spot_rank
        from {{ ref("int_heatmap__cell_blind_spots") }} as b
        where affected_share > 0
    )

select p.*, w.blind_spot_id as top_blind_spot_id, w.affected_share as top_affected_share
from products as p
left join
    ranked_blind_spots as w on p.cell_key = w.cell_key and p.metric_id = w.metric_id and w.blind_spot_rank = 1
