-- One row per incident that was deleted.
-- The audit says so, or whoever extracts the table.
select source_instance, record_id as case_id
from {{ ref("stg_servicenow__deletions") }} as d
where task_table = 'incident'
union
select source_instance, case_id
from {{ ref("stg_servicenow__incidents") }} as i
where is_deleted
