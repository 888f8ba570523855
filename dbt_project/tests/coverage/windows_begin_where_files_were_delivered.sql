-- Returns rows (failure) for every window without a first day although its centre delivered a file.
{{ config(meta={"dagster": {"ref": {"name": "mart_blind_spot"}}}) }}
select b.source_instance, b.blind_spot_id
from {{ ref("mart_blind_spot") }} as b
where
    b.window_start is null
    and b.centre in (select d.centre from {{ source("raw_faultline", "deliveries") }} as d)
