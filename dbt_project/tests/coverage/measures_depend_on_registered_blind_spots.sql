-- Returns rows (failure) for every link between a heatmap measure and a blind spot of which one
-- is not registered.
{{ config(meta={"dagster": {"ref": {"name": "measures"}}}) }}
select m.measure_id, m.blind_spot_id
from {{ ref("measures") }} as m
left join {{ ref("blind_spots") }} as b on m.blind_spot_id = b.blind_spot_id
left join {{ ref("heatmap_measures") }} as h on m.measure_id = h.measure_id
where b.blind_spot_id is null or h.measure_id is null
