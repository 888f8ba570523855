-- One row per known state of a case, in order; the state at delivery comes last.
-- A case that was merged into another has none; its history stays out of that of the other case.
{% set state = [
    "customer_id",
    "opened_at",
    "closed_at",
    "status",
    "channel",
    "reason",
    "product",
    "priority",
    "owner_id",
    "group_id",
    "resolution_code",
    "vendor_reassignment_count",
    "vendor_reopen_count",
    "vendor_resolved_at",
    "is_sla_met",
    "is_knowledge_used",
    "is_timely_response",
    "parent_case_id",
    "is_deleted",
] %}
with
    states as (
        select
            case_key,
            centre,
            source_instance,
            case_id,
            snapshot_at as version_at,
            change_seq,
            changed_by,
            true as is_history,
            delivered_at,
            is_order_possible,
            {{ state | join(", ") }}
        from {{ ref("int_entity__case_snapshots") }}
        union all
        select
            case_key,
            centre,
            source_instance,
            case_id,
            cast(null as timestamp) as version_at,
            null as change_seq,
            null as changed_by,
            false as is_history,
            delivered_at,
            is_order_possible,
            {{ state | join(", ") }}
        from {{ ref("int_entity__cases") }}
    )

select
    states.*,
    row_number() over (
        partition by states.case_key
        order by
            states.version_at nulls last, states.change_seq nulls first, states.is_history desc nulls last
    ) as version_seq
from states
left join {{ ref("int_case__merges") }} as m on states.case_key = m.merged_case_key
where m.merged_case_key is null
