-- One row per metric of the heatmap and blind spot that lowers its confidence.
-- The earlier name of `metric_blind_spots`; it goes with the next version.
select metric_id as measure_id, blind_spot_id, reason from {{ ref("metric_blind_spots") }}
