-- Returns rows (failure) for every row of source health without a day although its centre has a dated row,
-- and for every window without a first day although its centre delivered a file.
{{ config(meta={"dagster": {"ref": {"name": "mart_blind_spot"}}}) }}
select h.source_instance, h.entity, 'day' as missing
from {{ ref("mart_source_health") }} as h
where
    h.day is null
    and h.centre in (select s.centre from {{ ref("int_source__spans") }} as s where s.last_date is not null)
union all
select b.source_instance, b.blind_spot_id, 'window_start'
from {{ ref("mart_blind_spot") }} as b
where
    b.window_start is null
    and b.centre in (select d.centre from {{ source("raw_faultline", "deliveries") }} as d)
