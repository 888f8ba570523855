-- One row per centre and case id: the key of the case that bears it, NULL where several sources use it.
select centre, case_id, case when count(*) = 1 then min(case_key) end as case_key
from {{ ref("int_case__current") }}
group by centre, case_id
