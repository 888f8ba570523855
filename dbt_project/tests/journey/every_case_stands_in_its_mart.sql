-- Returns rows (failure) for every delivered case that is missing from the mart of cases, or has
-- no journey there although it was not deleted.
{{ config(meta={"dagster": {"ref": {"name": "mart_case"}}}) }}
select c.source_instance, c.case_id
from {{ ref("int_case__versions") }} as c
left join {{ ref("mart_case") }} as m on c.source_instance = m.source_instance and c.case_id = m.case_id
where m.case_id is null or (m.journey_id is null and not coalesce(m.is_deleted, false))
