-- One row per case as its newest event left it; of some, only events of items related to them came.
with
    case_events as (
        select
            centre,
            source_instance,
            case_id,
            min(created_at) as created_at,
            min(changed_at) as first_seen_at,
            bool_or(event_type = 'CASE.DELETED') as is_deleted,
            max(delivered_at) as delivered_at
        from {{ ref("stg_amazon_connect__case_events") }} as e
        group by centre, source_instance, case_id
    ),

    state_ranks as (
        select
            s.*,
            row_number() over (
                partition by source_instance, case_id order by state_seq desc nulls last
            ) as state_rank
        from {{ ref("int_amazon_connect__case_states") }} as s
    ),

    last_closed as (
        select source_instance, case_id, max(changed_at) as closed_at
        from {{ ref("int_amazon_connect__case_changes") }}
        where field = 'status' and lower(new_value) = 'closed'
        group by source_instance, case_id
    )

select
    e.centre,
    e.source_instance,
    e.case_id,
    n.customer_id,
    coalesce(e.created_at, e.first_seen_at) as opened_at,
    case when lower(n.status) = 'closed' then coalesce(n.closed_at, c.closed_at) end as closed_at,
    lower(n.status) as status,
    n.channel,
    n.reason,
    n.product,
    n.priority,
    n.owner_id,
    n.group_id,
    n.resolution_code,
    {{
        null_columns(
            "cases",
            [
                "parent_case_id",
                "vendor_reassignment_count",
                "vendor_reopen_count",
                "vendor_resolved_at",
                "is_sla_met",
                "is_knowledge_used",
                "is_timely_response",
                "merged_into",
            ],
        )
    }},
    e.is_deleted,
    e.delivered_at
from case_events as e
left join
    state_ranks as n on e.source_instance = n.source_instance and e.case_id = n.case_id and n.state_rank = 1
left join last_closed as c on e.source_instance = c.source_instance and e.case_id = c.case_id
