-- One row per entry of the history of a case; the history of a deleted case is deleted with it, and counts.
select
    h.*,
    count(h.new_value) over (partition by h.source_instance, h.case_id, h.field, h.created_at) as n_with_ids
from {{ ref("stg_salesforce__case_histories") }} as h
left join
    {{ ref("stg_salesforce__cases") }} as c on h.source_instance = c.source_instance and h.case_id = c.case_id
where not coalesce(h.is_deleted, false) or c.is_deleted
