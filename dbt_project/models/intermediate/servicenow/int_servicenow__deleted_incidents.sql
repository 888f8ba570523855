-- One row per incident that was deleted.
-- The audit says so, or whoever extracts the table.
select source_instance, record_id as case_id
from ({{ staged("deletions", "raw_servicenow") }}) as d
where task_table = 'incident'
union
select source_instance, case_id
from ({{ staged("incidents", "raw_servicenow") }}) as i
where is_deleted
