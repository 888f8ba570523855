-- Returns rows (failure) for every cell that is hidden without a reason, or gives a reason
-- although it is shown.
select centre, dim_x, value_x, dim_y, value_y, window_type, window_start, metric_id, state, suppress_reason
from {{ ref("mart_escalation_heatmap") }}
where (state in ('blind', 'suppressed')) <> (suppress_reason is not null)
