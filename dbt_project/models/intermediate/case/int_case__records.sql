-- One row per case, field and change that a log recorded, numbered in order.
-- Field `created` is the creation itself.
-- A row of the moment of opening without a value before it records the creation too.
select
    r.case_key,
    r.centre,
    r.source_instance,
    r.case_id,
    r.field,
    r.changed_at,
    r.old_value,
    r.new_value,
    r.changed_by,
    r.field = 'created'
    or (
        r.field = 'status' and r.old_value is null and coalesce(r.changed_at <= c.opened_at, false)
    ) as is_creation,
    row_number() over (
        partition by r.case_key, r.field
        order by
            r.changed_at nulls last,
            r.change_seq nulls first,
            r.old_value nulls first,
            r.new_value nulls first,
            r.changed_by nulls first
    ) as record_seq,
    lead(r.changed_at) over (
        partition by r.case_key, r.field
        order by
            r.changed_at nulls last,
            r.change_seq nulls first,
            r.old_value nulls first,
            r.new_value nulls first,
            r.changed_by nulls first
    )
    is null as is_last,
    lag(r.new_value) over (
        partition by r.case_key, r.field
        order by
            r.changed_at nulls last,
            r.change_seq nulls first,
            r.old_value nulls first,
            r.new_value nulls first,
            r.changed_by nulls first
    ) as previous_value
from {{ ref("int_entity__case_changes") }} as r
left join {{ ref("int_case__current") }} as c on r.case_key = c.case_key
where r.field in ('created', 'status', 'owner', 'group', 'priority')
