-- One row per metric of the heatmap.
-- The earlier name of `heatmap_metrics`; it goes with the next version.
select metric_id as measure_id, label, definition, exposure from {{ ref("heatmap_metrics") }}
