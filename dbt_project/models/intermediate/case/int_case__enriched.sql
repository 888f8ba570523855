-- One row per case with everything known of it, vendor counters beside what was derived.
-- A count is NULL, not zero, where the source delivered no history, or not the whole of it.
{% set counts = [
    "n_handoffs",
    "n_handoffs_settled",
    "n_returns_direct",
    "n_returns_direct_settled",
    "n_returns_any",
    "n_returns_any_settled",
    "n_teams",
] %}
with
    history_totals as (
        select
            case_key,
            bool_or(field = 'status') as has_status,
            bool_and(
                case when field in ('status', 'group') then is_start_known and is_joined and is_end_known end
            ) as is_whole,
            bool_or(field = 'group' and is_start_known and is_joined and is_end_known) as is_group_whole
        from {{ ref("int_case__histories") }}
        group by case_key
    )

select
    c.case_key,
    c.centre,
    c.source_instance,
    c.case_id,
    c.customer_id,
    c.customer_key,
    c.opened_at,
    e.first_resolved_at,
    e.closed_at,
    c.channel,
    c.reason,
    c.product,
    c.priority_initial,
    c.priority as priority_final,
    c.status,
    c.owner_id,
    c.group_id,
    c.resolution_code,
    c.parent_case_id,
    c.n_updates,
    e.n_reopens,
    c.vendor_reopen_count,
    c.vendor_reassignment_count,
    {% for column in counts %}
        case when i.is_group_whole then h.{{ column }} end as {{ column }},
    {% endfor %}
    c.is_sla_met,
    c.is_knowledge_used,
    c.is_timely_response,
    c.is_deleted,
    not coalesce(c.is_sla_met, c.is_timely_response) as is_sla_missed,
    e.is_reopened,
    case
        when h.n_returns_direct > 0 then true when i.is_group_whole then h.n_returns_direct > 0
    end as is_bounced,
    e.is_resolved,
    i.case_key is not null as has_history,
    coalesce(i.has_status, false) as has_status_history,
    -- Whole in what was recorded of it, and nothing is missing that is recorded of others.
    i.is_whole and (i.has_status or not v.is_status_recorded) as is_history_whole,
    e.is_resolved_at_end,
    e.ended_at,
    e.is_end_known,
    coalesce(
        c.is_order_possible and e.is_history_possible, c.is_order_possible, e.is_history_possible
    ) as is_order_possible,
    e.as_of_at
from {{ ref("int_case__current") }} as c
inner join {{ ref("int_case__endings") }} as e on c.case_key = e.case_key
left join {{ ref("int_handoff__counts") }} as h on c.case_key = h.unit_key
left join history_totals as i on c.case_key = i.case_key
left join {{ ref("int_case__coverage") }} as v on c.case_key = v.case_key
