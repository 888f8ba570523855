-- Returns rows (failure) for every cell with fewer journeys than it has observed and undecidable ones
-- together.
select centre, dim_x, value_x, dim_y, value_y, window_type, window_start, metric_id
from {{ ref("mart_escalation_heatmap") }}
where
    n_exposed < coalesce(n_observed, 0) + n_undecidable
    or n_exposed < 1
    -- Unknown is not zero: a cell without a decided journey shows neither.
    or (n_undecidable = n_exposed and (n_observed is not null or rate is not null))
