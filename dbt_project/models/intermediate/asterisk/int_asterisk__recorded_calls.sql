-- One row per call with somebody outside, as its call detail records describe it together.
select
    centre,
    source_instance,
    contact_id,
    min_by(direction, record_no) as direction,
    min_by(ani, record_no) filter (where ani_status is not null) as ani,
    {{ first_filled("ani_status", "record_no") }} as ani_status,
    {{ first_filled("customer_id", "record_no") }} as customer_id,
    {{ last_filled("case_id", "record_no") }} as case_id,
    {{ first_filled("entry_point", "record_no") }} as entry_point,
    {{ first_filled("ivr_path", "record_no") }} as ivr_path,
    {{ first_filled("reason_entry", "record_no") }} as reason_entry,
    {{ last_filled("reason_close", "record_no") }} as reason_close,
    {{ last_filled("wrap_up_code", "record_no") }} as disposition,
    case
        when count(*) filter (where is_answered) > 0 then true when count(is_answered) = count(*) then false
    end as is_answered,
    max(delivered_at) as delivered_at
from {{ ref("int_asterisk__call_records") }}
group by 1, 2, 3
