-- Returns rows (failure) for every implemented blind spot that owes a source instance its answer.
{{ config(meta={"dagster": {"ref": {"name": "mart_blind_spot"}}}) }}
select m.blind_spot_id, m.source_instance, m.window_type, m.window_start
from {{ ref("mart_blind_spot") }} as m
inner join {{ ref("blind_spots") }} as b on m.blind_spot_id = b.blind_spot_id
where b.is_implemented and m.scope_type = 'source' and m.status = 'not_assessed'
