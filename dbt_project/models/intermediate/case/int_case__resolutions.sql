-- One row per case with a known status history: when it was resolved, and how often reopened.
with
    steps as (
        select
            source_instance,
            case_id,
            interval_seq,
            valid_from,
            value in ('resolved', 'closed') as is_resolved,
            value = 'closed' as is_closed,
            lag(value in ('resolved', 'closed')) over (
                partition by source_instance, case_id order by interval_seq
            ) as was_resolved
        from {{ ref("int_case__intervals") }}
        where field = 'status' and value is not null
    )

select
    source_instance,
    case_id,
    min(valid_from) filter (where is_resolved) as first_resolved_at,
    max(valid_from) filter (where is_closed) as last_closed_at,
    max_by(is_resolved, interval_seq) as is_resolved_at_end,
    count(*) filter (where was_resolved and not is_resolved) as n_reopens
from steps
group by source_instance, case_id
