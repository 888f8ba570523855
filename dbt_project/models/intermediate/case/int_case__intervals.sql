-- One row per case, field and time during which the field kept its value; the last one is open.
select
    case_key,
    centre,
    source_instance,
    case_id,
    field,
    cast(
        row_number() over (
            partition by case_key, field
            order by changed_at nulls last, change_seq nulls first, value nulls first, changed_by nulls first
        ) as bigint
    ) as interval_seq,
    changed_at as valid_from,
    lead(changed_at) over (
        partition by case_key, field
        order by changed_at nulls last, change_seq nulls first, value nulls first, changed_by nulls first
    ) as valid_to,
    value,
    changed_by,
    field = 'status' and {{ is_word("value", "cases.status", ["pending", "on_hold"]) }} as is_pause
from {{ ref("int_case__changes") }}
