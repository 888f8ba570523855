-- One row per audited change of a field of an incident, with its place among changes of one second.
-- The vendor's number of the update decides, and without it the order of the lines.
with
    audit_rows as (select * from {{ ref("stg_servicenow__audits") }} where task_table = 'incident'),

    unnumbered as (select * from audit_rows where update_number is null),

    {{ line_order("unnumbered", "record_id", "created_at") }}

select
    r.*,
    coalesce(r.update_number, -1) as update_seq,
    case when r.update_number is null then {{ line_seq("r", "f") }} end as line_seq
from audit_rows as r
left join files as f on r.source_instance = f.source_instance and r.delivery_id = f.delivery_id
