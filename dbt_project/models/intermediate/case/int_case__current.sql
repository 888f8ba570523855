-- One row per case: the last known value of every attribute, whatever later states left out.
{% set last_known = [
    "customer_id",
    "closed_at",
    "status",
    "channel",
    "reason",
    "product",
    "priority",
    "owner_id",
    "group_id",
    "resolution_code",
    "is_sla_met",
    "is_timely_response",
    "parent_case_id",
    "vendor_resolved_at",
    "is_deleted",
] %}
select
    case_key,
    centre,
    source_instance,
    case_id,
    coalesce(min(opened_at), min(version_at)) as opened_at,
    {% for column in last_known %} {{ last_filled(column, "version_seq") }} as {{ column }}, {% endfor %}
    {{ customer_key("centre", last_filled("customer_id", "version_seq")) }} as customer_key,
    {{ first_filled("priority", "version_seq") }} as priority_initial,
    max(vendor_reassignment_count) as vendor_reassignment_count,
    max(vendor_reopen_count) as vendor_reopen_count,
    bool_or(is_knowledge_used) as is_knowledge_used,
    bool_and(is_order_possible) as is_order_possible,
    count(*) filter (where is_history) as n_updates,
    max(version_at) as last_update_at,
    max(delivered_at) as delivered_at
from {{ ref("int_case__versions") }}
group by case_key, centre, source_instance, case_id
