-- Returns rows (failure) for every cell whose rate lies outside its bounds, or whose bounds stand
-- crosswise.
select centre, dim_x, value_x, dim_y, value_y, window_type, window_start, metric_id, rate_low, rate, rate_high
from {{ ref("mart_escalation_heatmap") }}
where rate_low > rate_high + 1e-9 or rate < rate_low - 1e-9 or rate > rate_high + 1e-9
