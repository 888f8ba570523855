-- Returns rows (failure) for every row of source health without a day although its centre has a dated row.
{{ config(meta={"dagster": {"ref": {"name": "mart_source_health"}}}) }}
select h.source_instance, h.entity
from {{ ref("mart_source_health") }} as h
where
    h.day is null
    and h.centre in (select s.centre from {{ ref("int_source__spans") }} as s where s.last_date is not null)
